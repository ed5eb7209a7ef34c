"""Server-side apply as the operator relies on it: owners of fields, conflicts, and force."""

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.domain.names import MANAGED_BY_LABEL
from tests.contract.cluster_bodies import (
    CONFIG_MAP,
    DEPLOYMENT,
    OURS,
    SERVICE,
    config_map,
    deployment,
    service,
    version,
)
from tests.contract.conftest import Ground


async def test_apply_makes_what_is_missing(ground: Ground) -> None:
    made = await ground.cluster.apply(DEPLOYMENT, deployment(ground, 2), force=False)

    assert made["spec"]["replicas"] == 2
    assert made["metadata"]["generation"] == 1


async def test_applying_the_same_again_changes_nothing(ground: Ground) -> None:
    first = await ground.cluster.apply(SERVICE, service(ground, {"app": "a"}), force=False)
    two = await ground.cluster.apply(SERVICE, service(ground, {"app": "a"}), force=True)

    assert version(first) == version(two)


async def test_a_change_gets_a_higher_version_and_generation(ground: Ground) -> None:
    first = await ground.cluster.apply(DEPLOYMENT, deployment(ground, 2), force=False)
    two = await ground.cluster.apply(DEPLOYMENT, deployment(ground, 3), force=False)

    assert version(two) > version(first)
    assert two["metadata"]["generation"] == 2
    assert two["metadata"]["uid"] == first["metadata"]["uid"]


async def test_apply_without_force_says_whose_field_it_is(ground: Ground) -> None:
    ground.strangers_apply(service(ground, {"app": "theirs"}))
    with pytest.raises(ApiError) as caught:
        await ground.cluster.apply(SERVICE, service(ground, {"app": "ours"}), force=False)

    assert (caught.value.status, caught.value.reason) == (409, "Conflict")
    assert caught.value.is_field_conflict
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
