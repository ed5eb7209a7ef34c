"""Objects that are created, deleted, asked for and listed, in the fake and the real cluster."""

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.names import CHILD_SELECTOR
from inference_operator.observation.kinds import UNITS
from tests.contract.cluster_bodies import CONFIG_MAP, config_map, version
from tests.contract.conftest import Ground
from tests.fakes.bodies import epipe, imodel


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
    ground: Ground, unit: ApiResource
) -> None:
    body = imodel("tape") if unit.kind == "InferenceModel" else epipe("tape")
    body["metadata"]["namespace"] = ground.namespace
    ground.strangers_apply(body)

    live = await ground.cluster.get(unit, ground.namespace, "tape")
    assert (live["kind"], live["metadata"]["name"]) == (unit.kind, "tape")
    assert live["metadata"]["uid"]
    with pytest.raises(ApiError) as raised:
        await ground.cluster.get(unit, ground.namespace, "drum")
    assert raised.value.is_gone


async def test_keys_are_those_of_the_selector(ground: Ground) -> None:
    made = await ground.cluster.create(CONFIG_MAP, config_map(ground))
    other = config_map(ground)
    other["metadata"] = {"name": "not-ours", "namespace": ground.namespace}
    await ground.cluster.create(CONFIG_MAP, other)
    uids = await ground.cluster.keys(CONFIG_MAP, CHILD_SELECTOR)

    assert uids[ground.namespace, "tape"] == made["metadata"]["uid"]
    assert (ground.namespace, "not-ours") not in uids
