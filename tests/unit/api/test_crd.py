"""The CRD as a manifest: structural, without defaults, bounded, described."""

from collections.abc import Iterator
from typing import Any

import pytest

from inference_operator.adapters.kubernetes.decoding import LEVELS
from inference_operator.api.crd import crd
from inference_operator.api.custom_resources import CUSTOM_RESOURCES

VERSIONS = {kind.kind: crd(kind)["spec"]["versions"][0] for kind in CUSTOM_RESOURCES}
VERSION = VERSIONS["InferenceModel"]
ROOTS = {kind: version["schema"]["openAPIV3Schema"] for kind, version in VERSIONS.items()}

Node = tuple[str, dict[str, Any]]


def _nodes(path: str, schema: dict[str, Any]) -> Iterator[Node]:
    yield path, schema
    for name, value in schema.get("properties", {}).items():
        yield from _nodes(f"{path}.{name}", value)
    if "items" in schema:
        yield from _nodes(f"{path}[]", schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _nodes(f"{path}{{}}", schema["additionalProperties"])


NODES_OF = {
    kind: {
        path: node
        for part in ("spec", "status")
        for path, node in _nodes(part, root["properties"][part])
    }
    for kind, root in ROOTS.items()
}
ROOT, NODES = ROOTS["InferenceModel"], NODES_OF["InferenceModel"]
PIPELINE = NODES_OF["EnsemblePipeline"]
ALL = {f"{kind} {path}": node for kind, nodes in NODES_OF.items() for path, node in nodes.items()}


@pytest.mark.parametrize("word", ["default", "title", "$ref", "$defs", "const", "propertyNames"])
def test_the_schema_has_no(word: str) -> None:
    assert [path for path, node in ALL.items() if word in node] == []


def test_every_node_has_a_type() -> None:
    untyped = [path for path, node in ALL.items() if "type" not in node]
    assert all(ALL[path].get("x-kubernetes-int-or-string") for path in untyped)


def test_nothing_is_nullable() -> None:
    assert [path for path, node in ALL.items() if {"type": "null"} in node.get("anyOf", [])] == []


def test_every_field_has_a_description_that_flows() -> None:
    fields = {p: n for p, n in ALL.items() if not p.endswith(("[]", "{}"))}
    assert [path for path, node in fields.items() if not node.get("description")] == []
    assert [path for path, node in fields.items() if "\n" in node["description"]] == []


def test_a_default_is_told_though_the_crd_has_none() -> None:
    assert NODES["spec.replicas"]["description"].endswith(" Default: 1.")
    assert NODES["spec.rollout.paused"]["description"].endswith(" Default: false.")


def test_every_list_says_how_it_merges() -> None:
    lists = {p: n for p, n in NODES.items() if n.get("type") == "array"}
    assert [path for path, node in lists.items() if "x-kubernetes-list-type" not in node] == []
    by_key = {p for p, n in lists.items() if n["x-kubernetes-list-type"] == "map"}
    assert by_key == {
        "spec.autoscaling.schedules",
        "spec.imagePullSecrets",
        "spec.rollout.canary.analysis.metrics",
        "spec.triton.dynamicBatching.priorities.policies",
        "spec.triton.env",
        "spec.triton.warmup",
        "spec.triton.warmup[].inputs",
        "status.conditions",
    }


def test_steps_merge_by_their_names() -> None:
    assert PIPELINE["spec.steps"]["x-kubernetes-list-type"] == "map"
    assert PIPELINE["spec.steps"]["x-kubernetes-list-map-keys"] == ["name"]


def test_the_order_of_tensors_is_the_writers() -> None:
    assert NODES["spec.model.inputs"]["x-kubernetes-list-type"] == "atomic"
    assert NODES["spec.model.outputs"]["x-kubernetes-list-type"] == "atomic"


def test_every_list_map_and_string_of_the_spec_is_bounded() -> None:
    bounds = {"array": "maxItems", "string": "maxLength"}
    unbounded = [
        path
        for path, node in ALL.items()
        if " spec" in path
        and "enum" not in node
        and (bound := bounds.get(node.get("type", "")))
        and bound not in node
    ]
    maps = [p for p, n in ALL.items() if isinstance(n.get("additionalProperties"), dict)]
    assert unbounded == []
    assert [path for path in maps if "maxProperties" not in ALL[path]] == []


def test_only_evidence_that_the_operator_writes_and_reads_holds_floats() -> None:
    floats = [path for path, node in ALL.items() if node.get("type") == "number"]
    assert [path for path in floats if " status.analysis.evidence[]" not in path] == []


def test_the_api_server_drops_what_no_type_has() -> None:
    opened = {p for p, n in ALL.items() if "x-kubernetes-preserve-unknown-fields" in n}
    assert opened == set()


def test_no_field_is_nested_deeper_than_half_of_what_is_read() -> None:
    deepest = max(path.count(".") + path.count("[]") for path in ALL)
    assert deepest < LEVELS // 2


def test_a_duration_is_checked_by_a_rule_with_a_sentence() -> None:
    assert NODES["spec.rollout.scaleDownDelay"] == {
        "description": "How long the old revision's pods stay after clients have moved to the new"
        " one. Format: a duration such as 500us, 5ms, 30s, 5m or 1h. Default: 30s.",
        "type": "string",
        "maxLength": 12,
        "x-kubernetes-validations": [
            {
                "rule": "self.matches('^(([0-9]{1,9}(us|ms|s)|[0-9]{1,6}(m|h)))$')",
                "message": "found another form, expected a duration such as 500us, 5ms, 30s, 5m"
                " or 1h; write one number and one unit",
                "messageExpression": '\'found "%s", expected a duration such as 500us, 5ms, 30s,'
                " 5m or 1h; write one number and one unit'.format([self])",
            }
        ],
    }


def test_scaling_goes_through_the_status() -> None:
    for kind, version in VERSIONS.items():
        assert version["subresources"]["scale"] == {
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.selector",
        }
        status = ROOTS[kind]["properties"]["status"]["properties"]
        assert {"replicas", "selector"} <= set(status)


def test_both_kinds_are_in_the_same_categories_and_have_short_names() -> None:
    names = [crd(kind)["spec"]["names"] for kind in CUSTOM_RESOURCES]
    assert [name["shortNames"] for name in names] == [["imodel"], ["epipe"]]
    assert [name["categories"] for name in names] == [["all", "inference"]] * 2


def test_a_pipeline_shows_its_steps_and_no_single_source() -> None:
    columns = VERSIONS["EnsemblePipeline"]["additionalPrinterColumns"]
    assert [c["name"] for c in columns if not c.get("priority")] == [
        "Ready",
        "Reason",
        "Steps",
        "Version",
        "Weight",
        "Replicas",
        "Age",
    ]
    assert [c["name"] for c in columns if c.get("priority")] == ["Message", "Revision", "Latency"]


def test_the_columns_are_those_of_a_glance_and_a_closer_look() -> None:
    columns = VERSION["additionalPrinterColumns"]
    assert [c["name"] for c in columns if not c.get("priority")] == [
        "Ready",
        "Reason",
        "Version",
        "Weight",
        "Replicas",
        "Age",
    ]
    assert [c["name"] for c in columns if c.get("priority")] == [
        "Message",
        "Revision",
        "Source",
        "Latency",
    ]


@pytest.mark.parametrize("kind", VERSIONS)
def test_every_column_shows_what_serves_and_not_what_is_asked_for(kind: str) -> None:
    columns = VERSIONS[kind]["additionalPrinterColumns"]
    assert [c["jsonPath"] for c in columns if c["jsonPath"].startswith(".spec")] == []
