"""The API server's changes to our manifests are not drift: else passes would write for ever."""

from collections.abc import Iterator
from typing import Any

import pytest

from inference_operator.observation.kinds import CHILD_BY_KIND
from inference_operator.planning.children.drift import drift
from inference_operator.planning.plan import Delete
from inference_operator.planning.planner import plan
from tests.contract.conftest import Ground
from tests.unit.planning.seen import DEFAULTS, NOON
from tests.unit.resources.inputs import INPUTS, case, seen_of

ODD_QUANTITIES = {
    "requests": {"cpu": "0.0001", "memory": "1000M", "ephemeral-storage": "0.5Gi"},
    "limits": {"cpu": "1000m", "memory": "1.5Gi", "example.com/fpga": "01"},
}
ALL = {
    **INPUTS,
    "odd quantities": case(
        "odd",
        model={"source": {"uri": "https://store.example/odd.onnx"}, "format": "onnx"},
        resources=ODD_QUANTITIES,
        triton={"sharedMemory": "0.25Gi", "env": [{"name": "EMPTY", "value": ""}]},
    ),
    "an odd limit of the model's size": case(
        "weighed",
        model={
            "source": {"uri": "https://store.example/odd.onnx"},
            "format": "onnx",
            "sizeLimit": 123_456_789,
        },
    ),
}


def manifests(body: dict[str, Any], namespace: str) -> Iterator[dict[str, Any]]:
    done = plan(seen_of(body, namespace), DEFAULTS, NOON)
    assert done.assessment.invalid is None, done.assessment.invalid
    for action in done.actions:
        assert not isinstance(action, Delete)
        yield dict(action.manifest)


@pytest.mark.parametrize("name", ALL)
async def test_what_was_just_applied_does_not_differ(name: str, ground: Ground) -> None:
    for manifest in manifests(ALL[name], ground.namespace):
        resource = CHILD_BY_KIND[manifest["kind"]]
        live = await ground.cluster.apply(resource, manifest, force=False)

        assert drift(live, manifest) is None, manifest["kind"]


@pytest.mark.parametrize("name", ALL)
async def test_applying_it_again_changes_nothing(name: str, ground: Ground) -> None:
    for manifest in manifests(ALL[name], ground.namespace):
        resource = CHILD_BY_KIND[manifest["kind"]]
        first = await ground.cluster.apply(resource, manifest, force=False)
        two = await ground.cluster.apply(resource, manifest, force=True)

        assert first["metadata"]["resourceVersion"] == two["metadata"]["resourceVersion"]


@pytest.mark.parametrize("name", ALL)
async def test_an_owner_of_the_same_name_that_others_add_is_no_drift(
    name: str, ground: Ground
) -> None:
    for manifest in manifests(ALL[name], ground.namespace):
        kind, called = manifest["kind"], manifest["metadata"]["name"]
        await ground.cluster.apply(CHILD_BY_KIND[kind], manifest, force=False)
        (ours,) = manifest["metadata"]["ownerReferences"]
        theirs = {"apiVersion": "v1", "kind": "ConfigMap", "name": ours["name"], "uid": "another"}
        owners = {"metadata": {"ownerReferences": [ours, theirs]}}

        ground.strangers_patch(kind, called, owners)

        live = ground.get(kind, called)
        assert live is not None
        assert len(live["metadata"]["ownerReferences"]) == 2
        assert drift(live, manifest) is None, kind
