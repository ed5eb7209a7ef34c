"""What the operator relies on, held by the fake cluster and by a real API server alike."""

from typing import Any

import pytest

from inference_operator.adapters.kinds import CHILD_BY_KIND, UNITS
from inference_operator.adapters.kube import ApiError, Resource
from inference_operator.domain.names import CHILD_SELECTOR, FIELD_MANAGER, MANAGED_BY_LABEL
from tests.contract.conftest import Ground
from tests.fakes.bodies import epipe, imodel

CONFIG_MAP = CHILD_BY_KIND["ConfigMap"]
SERVICE = CHILD_BY_KIND["Service"]
DEPLOYMENT = CHILD_BY_KIND["Deployment"]
RECORD = CHILD_BY_KIND["ControllerRevision"]
OURS = {MANAGED_BY_LABEL: FIELD_MANAGER}


def meta(ground: Ground, name: str = "tape", **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": ground.namespace, "labels": OURS, **more}


def config_map(ground: Ground, text: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(ground),
        "data": {"ticks": text},
        **more,
    }


def service(ground: Ground, selector: dict[str, str], **more: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 8000, "targetPort": "http", "protocol": "TCP"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(ground, **more),
        "spec": {"type": "ClusterIP", "selector": selector, "ports": ports},
    }


def deployment(ground: Ground, replicas: int, **containers: Any) -> dict[str, Any]:
    labels = {"app": "tape"}
    container = {"name": "triton", "image": "registry.example/triton:1", **containers}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(ground),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
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


def version(body: dict[str, Any]) -> int:
    return int(body["metadata"]["resourceVersion"])


async def test_create_answers_with_the_stored_object(ground: Ground) -> None:
    made = await ground.cluster.create(CONFIG_MAP, config_map(ground))

    assert made["kind"] == "ConfigMap"
    assert made["metadata"]["uid"]
    assert version(made) > 0
    assert made["data"] == {"ticks": "1"}


async def test_create_says_when_the_name_is_taken(ground: Ground) -> None:
    await ground.cluster.create(CONFIG_MAP, config_map(ground))
    with pytest.raises(ApiError) as caught:
        await ground.cluster.create(CONFIG_MAP, config_map(ground, "2"))

    assert caught.value.is_there_already
    assert caught.value.message == 'configmaps "tape" already exists'


async def test_apply_makes_what_is_missing(ground: Ground) -> None:
    made = await ground.cluster.apply(DEPLOYMENT, deployment(ground, 2), force=False)

    assert made["spec"]["replicas"] == 2
    assert made["metadata"]["generation"] == 1


async def test_applying_the_same_again_changes_nothing(ground: Ground) -> None:
    one = await ground.cluster.apply(SERVICE, service(ground, {"app": "a"}), force=False)
    two = await ground.cluster.apply(SERVICE, service(ground, {"app": "a"}), force=True)

    assert version(one) == version(two)


async def test_a_change_gets_a_higher_version_and_generation(ground: Ground) -> None:
    one = await ground.cluster.apply(DEPLOYMENT, deployment(ground, 2), force=False)
    two = await ground.cluster.apply(DEPLOYMENT, deployment(ground, 3), force=False)

    assert version(two) > version(one)
    assert two["metadata"]["generation"] == 2
    assert two["metadata"]["uid"] == one["metadata"]["uid"]


async def test_apply_without_force_says_whose_field_it_is(ground: Ground) -> None:
    ground.strangers_apply(service(ground, {"app": "theirs"}))
    with pytest.raises(ApiError) as caught:
        await ground.cluster.apply(SERVICE, service(ground, {"app": "ours"}), force=False)

    assert (caught.value.status, caught.value.reason) == (409, "Conflict")
    assert caught.value.message == (
        'Apply failed with 1 conflict: conflict with "helm": .spec.selector'
    )
    left = ground.get("Service", "tape")
    assert left is not None
    assert left["spec"]["selector"] == {"app": "theirs"}


async def test_apply_without_force_shares_equal_fields(ground: Ground) -> None:
    ground.strangers_apply(service(ground, {"app": "same"}))
    live = await ground.cluster.apply(SERVICE, service(ground, {"app": "same"}), force=False)

    assert live["spec"]["selector"] == {"app": "same"}


async def test_apply_with_force_takes_the_field(ground: Ground) -> None:
    await ground.cluster.apply(SERVICE, service(ground, {"app": "ours"}), force=False)
    ground.strangers_patch("Service", "tape", {"spec": {"selector": {"app": "theirs"}}})
    live = await ground.cluster.apply(SERVICE, service(ground, {"app": "ours"}), force=True)

    assert live["spec"]["selector"] == {"app": "ours"}


async def test_a_selector_is_one_field_so_a_foreign_key_goes_with_force(ground: Ground) -> None:
    await ground.cluster.apply(SERVICE, service(ground, {"app": "ours"}), force=False)
    ground.strangers_patch("Service", "tape", {"spec": {"selector": {"colour": "blue"}}})
    live = await ground.cluster.apply(SERVICE, service(ground, {"app": "ours"}), force=True)

    assert live["spec"]["selector"] == {"app": "ours"}


async def test_what_is_applied_no_more_is_taken_out(ground: Ground) -> None:
    args = ["--log-verbose=1"]
    await ground.cluster.apply(DEPLOYMENT, deployment(ground, 1, args=args), force=False)
    live = await ground.cluster.apply(DEPLOYMENT, deployment(ground, 1), force=False)

    assert "args" not in live["spec"]["template"]["spec"]["containers"][0]


async def test_what_others_added_stays(ground: Ground) -> None:
    await ground.cluster.apply(SERVICE, service(ground, {"app": "ours"}), force=False)
    ground.strangers_patch("Service", "tape", {"metadata": {"labels": {"team": "rates"}}})
    live = await ground.cluster.apply(SERVICE, service(ground, {"app": "ours"}), force=True)

    assert live["metadata"]["labels"] == {**OURS, "team": "rates"}


async def test_a_created_object_can_be_applied_over(ground: Ground) -> None:
    await ground.cluster.create(CONFIG_MAP, config_map(ground, immutable=True))
    ground.strangers_patch("ConfigMap", "tape", {"metadata": {"labels": {MANAGED_BY_LABEL: None}}})
    live = await ground.cluster.apply(CONFIG_MAP, config_map(ground, immutable=True), force=False)

    assert live["metadata"]["labels"] == OURS


async def test_an_immutable_config_map_keeps_its_data(ground: Ground) -> None:
    await ground.cluster.create(CONFIG_MAP, config_map(ground, immutable=True))
    with pytest.raises(ApiError) as caught:
        await ground.cluster.apply(CONFIG_MAP, config_map(ground, "2", immutable=True), force=True)

    assert (caught.value.status, caught.value.reason) == (422, "Invalid")
    assert not caught.value.is_passing
    assert "immutable" in caught.value.message


def record(ground: Ground, **data: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": meta(ground),
        "revision": 1,
        "data": {"version": 1, "uri": "https://h/?a=1&b=<é>", "children": [], **data},
    }


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


async def test_an_object_has_one_controller(ground: Ground) -> None:
    mine, theirs = owner("4f1c"), owner("9e2b")
    ground.strangers_apply(service(ground, {"app": "a"}, ownerReferences=[theirs]))
    body = service(ground, {"app": "a"}, ownerReferences=[mine])
    with pytest.raises(ApiError) as caught:
        await ground.cluster.apply(SERVICE, body, force=False)

    assert caught.value.status == 422
    assert "Only one reference can have Controller set to true" in caught.value.message


async def test_delete_takes_the_very_object(ground: Ground) -> None:
    made = await ground.cluster.create(CONFIG_MAP, config_map(ground))
    uid = made["metadata"]["uid"]
    await ground.cluster.delete(CONFIG_MAP, ground.namespace, "tape", uid)

    assert ground.get("ConfigMap", "tape") is None


async def test_delete_leaves_a_successor_alone(ground: Ground) -> None:
    await ground.cluster.create(CONFIG_MAP, config_map(ground))
    await ground.cluster.delete(CONFIG_MAP, ground.namespace, "tape", "uid-of-its-predecessor")

    assert ground.get("ConfigMap", "tape") is not None


async def test_deleting_what_is_gone_is_fine(ground: Ground) -> None:
    await ground.cluster.delete(CONFIG_MAP, ground.namespace, "never-there", "4f1c")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.kind)
async def test_get_answers_with_the_object_or_says_that_it_is_gone(
    ground: Ground, unit: Resource
) -> None:
    body = imodel("tape") if unit.kind == "InferenceModel" else epipe("tape")
    body["metadata"]["namespace"] = ground.namespace
    ground.strangers_apply(body)

    found = await ground.cluster.get(unit, ground.namespace, "tape")
    assert (found["kind"], found["metadata"]["name"]) == (unit.kind, "tape")
    assert found["metadata"]["uid"]
    with pytest.raises(ApiError) as raised:
        await ground.cluster.get(unit, ground.namespace, "drum")
    assert raised.value.is_gone


async def test_keys_are_those_of_the_selector(ground: Ground) -> None:
    made = await ground.cluster.create(CONFIG_MAP, config_map(ground))
    other = config_map(ground)
    other["metadata"] = {"name": "not-ours", "namespace": ground.namespace}
    await ground.cluster.create(CONFIG_MAP, other)
    found = await ground.cluster.keys(CONFIG_MAP, CHILD_SELECTOR)

    assert found[ground.namespace, "tape"] == made["metadata"]["uid"]
    assert (ground.namespace, "not-ours") not in found


@pytest.fixture(params=UNITS, ids=lambda unit: unit.kind)
def unit(request: pytest.FixtureRequest) -> Resource:
    """Each kind of custom resource."""
    found: Resource = request.param
    return found


def resource(ground: Ground, unit: Resource) -> dict[str, Any]:
    body = imodel if unit.kind == "InferenceModel" else epipe
    return body("tape", namespace=ground.namespace)


def status_patch(ground: Ground, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "tape", "namespace": ground.namespace}, "status": status}


async def test_a_status_patch_changes_nothing_but_the_status(
    ground: Ground, unit: Resource
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


async def test_a_merge_patch_removes_what_is_null(ground: Ground, unit: Resource) -> None:
    ground.strangers_apply(resource(ground, unit))
    for status in ({"phase": "Ready", "replicas": 2}, {"phase": None}):
        live = await ground.cluster.patch(
            unit, status_patch(ground, **status), subresource="status"
        )

    assert live["status"] == {"replicas": 2}


async def test_a_status_for_another_version_is_refused(ground: Ground, unit: Resource) -> None:
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


async def test_patching_what_is_gone_says_so(ground: Ground, unit: Resource) -> None:
    with pytest.raises(ApiError) as caught:
        await ground.cluster.patch(unit, status_patch(ground, phase="Ready"), subresource="status")

    assert caught.value.is_gone


async def test_a_changed_spec_is_a_new_generation(ground: Ground, unit: Resource) -> None:
    ground.strangers_apply(resource(ground, unit))
    ground.strangers_patch(unit.kind, "tape", {"spec": {"replicas": 3}})
    live = ground.get(unit.kind, "tape")

    assert live is not None
    assert live["metadata"]["generation"] == 2
