"""Records with any edit: what is accepted passes *restricted*, in the unit's namespace."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_operator.api.base import API_VERSION
from inference_operator.domain.names import revision_child_name
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.serving_unit import Owner
from inference_operator.resources.controller_revision import controller_revision
from tests.api_cases.good_placements import PLACEMENT
from tests.examples import examples
from tests.unit.resources.records import (
    CACHED,
    NAMES,
    PINNED,
    SECRET,
    pod,
    read,
    triton,
    unit_of,
    why_not,
    written,
)
from tests.unit.resources.restricted import violations

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["hostNetwork", "hostPath", "privileged", "exec", "namespace", "runAsUser", "env", "command"]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value below."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    return [path, *(p for key, inner in pairs for p in places(inner, (*path, key)))]


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(NAMES), st.data())
def test_whatever_is_edited_nothing_is_accepted_that_is_not_ours(name: str, data: Any) -> None:
    body = written(name)
    *parents, last = data.draw(st.sampled_from(places(body["data"])[1:]))
    target = body["data"]
    for key in parents:
        target = target[key]
    if isinstance(target, dict) and data.draw(st.booleans()):
        last = data.draw(KEYS)
    target[last] = data.draw(JSON)

    record = read(body, name)
    if isinstance(record, RevisionRecord):
        unit = unit_of(written(name))
        for child, kind in zip(record.children, ("ConfigMap", "Deployment"), strict=True):
            meta = child["metadata"]
            assert (child["kind"], meta["namespace"]) == (kind, unit.namespace)
            assert meta["name"] == revision_child_name(unit.name, record.revision)
            assert "ownerReferences" not in meta
        template = record.children[1]["spec"]["template"]
        assert violations(template) == []
        assert template["spec"]["automountServiceAccountToken"] is False
        kinds = {key for volume in template["spec"]["volumes"] for key in volume} - {"name"}
        assert kinds <= {"emptyDir", "configMap", "secret", "persistentVolumeClaim"}
        # Else it would be written anew in every pass.
        assert read(written_again(record, name), name) == record


def written_again(record: RevisionRecord, name: str) -> dict[str, Any]:
    """Return the record as the API server gives back what the operator makes of it."""
    unit = unit_of(written(name))
    manifest = controller_revision(Owner(unit, API_VERSION, "u"), record)
    stored: dict[str, Any] = json.loads(json.dumps(manifest))
    return stored


RESOLVED = "registry-alias"


@pytest.mark.parametrize(
    "edit",
    [
        {"version": "3"},
        {"version": True},
        {"version": 3.0},
        {"maxBatchSize": -1},
        {"maxBatchSize": 2**64},
        {"inputs": [{"name": "x", "dtype": "f", "shape": "1" * 1_200_000}]},
        {"inputs": [{"name": "x", "dtype": "f", "shape": [1.5]}]},
        {"inputs": [{"name": "x", "dtype": "f", "shape": [True]}]},
        {"inputs": [{"name": "x", "dtype": "f", "shape": ["1"]}]},
        {"inputs": [{"name": "x", "dtype": "f", "shape": [2**63]}]},
        {"inputs": [{"name": "x", "dtype": "f", "shape": [1] * 65}]},
        {"outputs": [{"name": "x", "dtype": "f", "shape": [1]}] * 4097},
        {"outputs": {"name": {"name": "x"}}},
    ],
)
def test_what_would_be_read_otherwise_than_it_was_written_is_refused(edit: dict[str, Any]) -> None:
    body = written(RESOLVED)
    body["data"]["resolved"].update(edit)

    why = why_not(body, RESOLVED)
    assert why.startswith("data.resolved: found ")
    assert len(why) < 400


@pytest.mark.parametrize("empty", [["madeOf"], ["model"], ["steps", 0, "pin", "model"]])
def test_a_name_is_not_empty(empty: list[Any]) -> None:
    body = written(PINNED)
    *parents, last = empty
    target = body["data"]
    for key in parents:
        target = target[key]
    target[last] = ""

    assert why_not(body, PINNED).endswith("found '', expected a name")


@pytest.mark.parametrize("name", [PINNED, CACHED, SECRET])
def test_what_users_may_write_stays_free(name: str) -> None:
    body = written(name)
    pod(body)["nodeSelector"] = {"kubernetes.io/arch": "arm64"}
    pod(body)["serviceAccountName"] = "scorer"
    pod(body).update(copy.deepcopy(PLACEMENT))
    pod(body)["affinity"]["podAffinity"] = None
    triton(body)["args"].append("--log-verbose=1")
    triton(body)["env"] = [{"name": "A", "value": "\n"}]
    triton(body)["resources"] = {"limits": {"nvidia.com/gpu": 1, "memory": "4Gi", "cpu": 0.5}}

    assert why_not(body, name) == ""
