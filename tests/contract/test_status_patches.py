"""Patches of a status, and the generation of a spec, for each kind of custom resource."""

from typing import Any

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.domain.api_resource import ApiResource
from inference_operator.observation.kinds import UNITS
from tests.contract.cluster_bodies import version
from tests.contract.conftest import Ground
from tests.fakes.bodies import epipe, imodel


@pytest.fixture(params=UNITS, ids=lambda unit: unit.kind)
def unit(request: pytest.FixtureRequest) -> ApiResource:
    """Each kind of custom resource."""
    kind: ApiResource = request.param
    return kind


def resource(ground: Ground, unit: ApiResource) -> dict[str, Any]:
    body = imodel if unit.kind == "InferenceModel" else epipe
    return body("tape", namespace=ground.namespace)


def status_patch(ground: Ground, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "tape", "namespace": ground.namespace}, "status": status}


async def test_a_status_patch_changes_nothing_but_the_status(
    ground: Ground, unit: ApiResource
) -> None:
    ground.strangers_apply(resource(ground, unit))
    before = ground.get(unit.kind, "tape")
    assert before is not None
    body = status_patch(ground, phase="Ready", replicas=2)
    live = await ground.cluster.patch(unit, {**body, "spec": {"replicas": 9}}, subresource="status")

    assert live["status"] == {"phase": "Ready", "replicas": 2}
    assert live["spec"] == before["spec"]
    assert live["metadata"]["generation"] == before["metadata"]["generation"]
    assert version(live) > version(before)


async def test_a_merge_patch_removes_what_is_null(ground: Ground, unit: ApiResource) -> None:
    ground.strangers_apply(resource(ground, unit))
    for status in ({"phase": "Ready", "replicas": 2}, {"phase": None}):
        live = await ground.cluster.patch(
            unit, status_patch(ground, **status), subresource="status"
        )

    assert live["status"] == {"replicas": 2}


async def test_a_status_for_another_version_is_refused(ground: Ground, unit: ApiResource) -> None:
    ground.strangers_apply(resource(ground, unit))
    before = ground.get(unit.kind, "tape")
    assert before is not None
    ground.strangers_patch(unit.kind, "tape", {"spec": {"replicas": 3}})
    body = status_patch(ground, phase="Ready")
    body["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"]
    with pytest.raises(ApiError) as caught:
        await ground.cluster.patch(unit, body, subresource="status")

    assert (caught.value.status, caught.value.reason) == (409, "Conflict")
    assert "the object has been modified" in caught.value.message


async def test_patching_what_is_gone_says_so(ground: Ground, unit: ApiResource) -> None:
    with pytest.raises(ApiError) as caught:
        await ground.cluster.patch(unit, status_patch(ground, phase="Ready"), subresource="status")

    assert caught.value.is_gone


async def test_a_changed_spec_is_a_new_generation(ground: Ground, unit: ApiResource) -> None:
    ground.strangers_apply(resource(ground, unit))
    ground.strangers_patch(unit.kind, "tape", {"spec": {"replicas": 3}})
    live = ground.get(unit.kind, "tape")

    assert live is not None
    assert live["metadata"]["generation"] == 2
