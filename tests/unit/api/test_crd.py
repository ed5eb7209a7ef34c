"""The CRD as a manifest: structural, without defaults, bounded, described."""

from collections.abc import Iterator
from typing import Any

import pytest

from inference_operator.api.crd import inference_model_crd

CRD = inference_model_crd()
VERSION = CRD["spec"]["versions"][0]
ROOT = VERSION["schema"]["openAPIV3Schema"]
SPEC = ROOT["properties"]["spec"]

Node = tuple[str, dict[str, Any]]


def _nodes(path: str, schema: dict[str, Any]) -> Iterator[Node]:
    yield path, schema
    for name, value in schema.get("properties", {}).items():
        yield from _nodes(f"{path}.{name}", value)
    if "items" in schema:
        yield from _nodes(f"{path}[]", schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _nodes(f"{path}{{}}", schema["additionalProperties"])


NODES = dict(_nodes("spec", SPEC)) | dict(_nodes("status", ROOT["properties"]["status"]))


@pytest.mark.parametrize("word", ["default", "title", "$ref", "$defs", "const", "propertyNames"])
def test_the_schema_has_no(word: str) -> None:
    assert [path for path, node in NODES.items() if word in node] == []


def test_every_node_has_a_type() -> None:
    untyped = [path for path, node in NODES.items() if "type" not in node]
    assert all(NODES[path].get("x-kubernetes-int-or-string") for path in untyped)


def test_nothing_is_nullable() -> None:
    assert [path for path, node in NODES.items() if {"type": "null"} in node.get("anyOf", [])] == []


def test_every_field_has_a_description_that_flows() -> None:
    fields = {p: n for p, n in NODES.items() if not p.endswith(("[]", "{}"))}
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
        "spec.imagePullSecrets",
        "spec.triton.dynamicBatching.priorities.policies",
        "spec.triton.env",
        "spec.triton.warmup",
        "spec.triton.warmup[].inputs",
        "status.conditions",
    }


def test_the_order_of_tensors_is_the_writers() -> None:
    assert NODES["spec.model.inputs"]["x-kubernetes-list-type"] == "atomic"
    assert NODES["spec.model.outputs"]["x-kubernetes-list-type"] == "atomic"


def test_every_list_map_and_string_of_the_spec_is_bounded() -> None:
    bounds = {"array": "maxItems", "string": "maxLength"}
    unbounded = [
        path
        for path, node in NODES.items()
        if path.startswith("spec")
        and "enum" not in node
        and (bound := bounds.get(node.get("type", "")))
        and bound not in node
    ]
    maps = [p for p, n in NODES.items() if isinstance(n.get("additionalProperties"), dict)]
    assert unbounded == []
    assert [path for path in maps if "maxProperties" not in NODES[path]] == []


def test_no_field_holds_a_float() -> None:
    assert [path for path, node in NODES.items() if node.get("type") == "number"] == []


def test_only_what_kubernetes_checks_itself_is_open() -> None:
    opened = {p for p, n in NODES.items() if "x-kubernetes-preserve-unknown-fields" in n}
    assert opened == {
        "spec.placement.affinity",
        "spec.placement.topologySpreadConstraints[]",
    }


def test_a_duration_is_checked_by_a_rule_with_a_sentence() -> None:
    assert NODES["spec.rollout.scaleDownDelay"] == {
        "description": "How long the old revision's pods stay after clients moved to the new one."
        " Default: 30s.",
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
    assert VERSION["subresources"]["scale"] == {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    assert {"replicas", "selector"} <= set(ROOT["properties"]["status"]["properties"])


def test_the_columns_are_those_of_a_glance_and_a_closer_look() -> None:
    columns = VERSION["additionalPrinterColumns"]
    assert [c["name"] for c in columns if not c.get("priority")] == [
        "Ready",
        "Version",
        "Phase",
        "Replicas",
        "Age",
    ]
    assert [c["name"] for c in columns if c.get("priority")] == [
        "Ready-Replicas",
        "Revision",
        "Source",
        "Message",
    ]
