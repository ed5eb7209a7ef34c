"""Fields of an object that the cluster never changes, for any client."""

from typing import Any

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.domain.names import MANAGED_BY_LABEL
from inference_operator.observation.kinds import CHILD_BY_KIND
from tests.contract.cluster_bodies import (
    CONFIG_MAP,
    DEPLOYMENT,
    OURS,
    SERVICE,
    config_map,
    deployment,
    meta,
    service,
)
from tests.contract.conftest import Ground

RECORD = CHILD_BY_KIND["ControllerRevision"]


def record(ground: Ground, **data: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": meta(ground),
        "revision": 1,
        "data": {"version": 1, "uri": "https://h/?a=1&b=<é>", "children": [], **data},
    }


def owner(uid: str) -> dict[str, Any]:
    return {
        "apiVersion": "inference.aipx.io/v1alpha1",
        "kind": "InferenceModel",
        "name": "tape",
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


async def test_an_immutable_config_map_keeps_its_data(ground: Ground) -> None:
    await ground.cluster.create(CONFIG_MAP, config_map(ground, immutable=True))
    with pytest.raises(ApiError) as caught:
        await ground.cluster.apply(CONFIG_MAP, config_map(ground, "2", immutable=True), force=True)

    assert (caught.value.status, caught.value.reason) == (422, "Invalid")
    assert not caught.value.is_transient
    assert "immutable" in caught.value.message


async def test_a_controller_revision_keeps_its_data(ground: Ground) -> None:
    await ground.cluster.apply(RECORD, record(ground), force=False)
    with pytest.raises(ApiError) as caught:
        await ground.cluster.apply(RECORD, record(ground, version=2), force=True)

    assert (caught.value.status, caught.value.reason) == (422, "Invalid")


async def test_a_controller_revision_is_labelled_anew_by_applying_it_again(ground: Ground) -> None:
    await ground.cluster.apply(RECORD, record(ground), force=False)
    ground.strangers_patch(
        "ControllerRevision", "tape", {"metadata": {"labels": {MANAGED_BY_LABEL: "else"}}}
    )
    live = await ground.cluster.apply(RECORD, record(ground), force=True)

    assert live["metadata"]["labels"] == OURS
    assert live["data"] == record(ground)["data"]


async def test_a_deployment_keeps_its_selector(ground: Ground) -> None:
    await ground.cluster.apply(DEPLOYMENT, deployment(ground, 1), force=False)
    other = deployment(ground, 1)
    other["spec"]["selector"] = {"matchLabels": {"app": "tape", "b": "c"}}
    other["spec"]["template"]["metadata"]["labels"] = {"app": "tape", "b": "c"}
    with pytest.raises(ApiError) as caught:
        await ground.cluster.apply(DEPLOYMENT, other, force=True)

    assert caught.value.status == 422
    assert "immutable" in caught.value.message


async def test_a_headless_service_gets_no_address(ground: Ground) -> None:
    body = service(ground, {"app": "a"})
    body["spec"]["clusterIP"] = "None"
    await ground.cluster.apply(SERVICE, body, force=False)
    body["spec"]["clusterIP"] = "10.96.0.77"
    with pytest.raises(ApiError) as caught:
        await ground.cluster.apply(SERVICE, body, force=True)

    assert (caught.value.status, caught.value.reason) == (422, "Invalid")
    assert "clusterIP" in caught.value.message


async def test_an_object_has_one_controller(ground: Ground) -> None:
    mine, theirs = owner("4f1c"), owner("9e2b")
    ground.strangers_apply(service(ground, {"app": "a"}, ownerReferences=[theirs]))
    body = service(ground, {"app": "a"}, ownerReferences=[mine])
    with pytest.raises(ApiError) as caught:
        await ground.cluster.apply(SERVICE, body, force=False)

    assert caught.value.status == 422
    assert "Only one reference can have Controller set to true" in caught.value.message
