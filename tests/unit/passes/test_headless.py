"""The headless Service: it leads where the unit's Service leads, and exists only if wanted."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.domain.commands import Verb
from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, NAMESPACE, PIPELINE, epipe, imodel, source, step
from tests.fakes.cluster import CrashedError
from tests.fakes.gateways import GatewayHarness, rollout
from tests.fakes.harness import OperatorHarness, crash_at, refuse
from tests.unit.passes.delivery_harness import at_first_step

NAME = "fx-drift-headless"
ON = {"headless": True}
TWIN = UnitKey("InferenceModel", NAMESPACE, NAME)


def selector(world: OperatorHarness, name: str) -> Any:
    service = world.cluster.live("Service", name)
    return service["spec"]["selector"] if service else None


def services(world: OperatorHarness) -> list[str]:
    return sorted(body["metadata"]["name"] for body in world.cluster.all("Service"))


def decisions(world: OperatorHarness) -> list[str]:
    return [decision.reason for decision in world.status.decisions]


def foreign(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"selector": {"app": "till"}, "ports": [{"name": "web", "port": 80}], **spec},
    }


async def serving(**spec: Any) -> OperatorHarness:
    world = OperatorHarness()
    world.user_applies(**spec)
    await world.settle()
    return world


async def test_it_exists_only_where_it_is_asked_for() -> None:
    without, off, on = [
        await serving(service=service) for service in (None, {"headless": False}, ON)
    ]

    assert services(without) == services(off) == [KEY.name]
    assert services(on) == [KEY.name, NAME]
    assert len(without.cluster.writes) == len(off.cluster.writes) == len(on.cluster.writes) - 1


async def test_a_pipeline_has_one_too() -> None:
    world = OperatorHarness()
    inline = step(modelRef=None, model=source(5))
    world.cluster.apply_as("kubectl", epipe(steps=[inline], service=ON), force=True)
    await world.settle(keys=[PIPELINE])

    name = f"{PIPELINE.name}-headless"
    assert selector(world, name) is not None
    assert selector(world, name) == selector(world, PIPELINE.name)
    assert world.status_of(PIPELINE).phase == "Ready"


async def test_it_leads_where_the_service_leads_after_every_write() -> None:
    world = await serving(service=ON)
    old, seen = world.served, []
    world.cluster.after = lambda *_: seen.append((selector(world, KEY.name), selector(world, NAME)))
    world.user_applies(model=source(2), service=ON)
    await world.settle()
    await world.later(timedelta(seconds=31))

    assert world.served != old
    assert seen[-1][0] == seen[-1][1]
    # Two writes move both; no third one comes between them.
    assert sum(main != headless for main, headless in seen) <= 1


async def test_turning_it_on_and_off_is_no_new_revision() -> None:
    world = await serving()
    before = world.deployments
    world.user_applies(service=ON)
    await world.settle()
    assert services(world) == [KEY.name, NAME]
    world.user_applies(service={"headless": False})
    await world.settle()

    assert services(world) == [KEY.name]
    assert world.deployments == before
    assert "DriftRepaired" not in world.event_reasons


@pytest.mark.parametrize(
    "edit",
    [
        {"publishNotReadyAddresses": True},
        {"selector": {"app": "till"}},
        {"ports": [{"name": "grpc", "port": 9}]},
    ],
    ids=lambda edit: next(iter(edit)),
)
async def test_what_somebody_edits_is_put_back_and_reported(edit: dict[str, Any]) -> None:
    world = await serving(service=ON)
    before = world.cluster.live("Service", NAME)
    assert before is not None
    world.cluster.edit("Service", NAME, {"spec": edit})
    await world.settle()

    after = world.cluster.live("Service", NAME)
    assert after is not None
    for body in (before, after):
        body["spec"]["ports"].sort(key=lambda port: port["name"])
    assert after["spec"] == before["spec"]
    assert world.event_reasons.count("DriftRepaired") == 1


async def test_one_of_ours_that_got_an_address_is_made_again() -> None:
    world = await serving(service=ON)
    before = world.cluster.live("Service", NAME)
    world.cluster.remove("Service", NAME)
    assert before is not None
    before["spec"]["clusterIP"] = "10.96.0.7"
    del before["metadata"]["resourceVersion"]
    world.cluster.apply_as("kubectl", before)
    await world.settle()

    after = world.cluster.live("Service", NAME)
    assert after is not None
    assert after["spec"]["clusterIP"] == "None"
    assert world.ready[0] == "True"


@pytest.mark.parametrize("address", ["None", "10.96.0.7"])
async def test_a_foreign_service_of_its_name_is_never_changed(address: str) -> None:
    world = OperatorHarness()
    before = world.cluster.apply_as("helm", foreign(clusterIP=address))
    world.start()
    world.user_applies(service=ON)
    await world.settle()

    assert world.cluster.live("Service", NAME) == before
    assert world.ready[:2] == ("False", "ChildRefused")
    assert world.ready[2].startswith(
        f"Service/{NAME} exists and belongs to another owner; delete or rename it, or rename this"
        " resource"
    )
    assert world.status.stable is not None, "clients of the unit's Service are served all the same"
    assert world.status.url is not None

    world.cluster.remove("Service", NAME)
    await world.settle()
    assert world.ready[0] == "True"
    assert selector(world, NAME) == selector(world, KEY.name)


@pytest.mark.parametrize("first", [KEY, TWIN], ids=["the model", "its namesake"])
async def test_of_two_units_the_elder_gets_the_name(first: UnitKey) -> None:
    world = OperatorHarness()
    bodies = {KEY: imodel(service=ON), TWIN: imodel(NAME, model=source(9))}
    second = TWIN if first == KEY else KEY
    for born, key in enumerate((first, second)):
        world.cluster.apply_as("kubectl", bodies[key])
        time = f"2031-01-01T00:00:0{born}Z"
        world.cluster.edit(key.kind, key.name, {"metadata": {"creationTimestamp": time}})
    await world.settle(keys=[KEY, TWIN])

    service = world.cluster.live("Service", NAME)
    assert service is not None
    assert service["metadata"]["ownerReferences"][0]["name"] == first.name
    conditions = {key: world.status_of(key).conditions for key in (first, second)}
    ready = {key: next(c for c in all_ if c.type == "Ready") for key, all_ in conditions.items()}
    assert ready[first].status == "True"
    assert (ready[second].status, ready[second].reason) == ("False", "ChildRefused")
    assert f"belongs to InferenceModel {first.name}" in ready[second].message

    world.cluster.remove(KEY.kind, first.name)
    world.cluster.collect_garbage()
    world.watch()
    assert second in world.woken
    await world.settle(keys=[KEY, TWIN])
    assert world.status_of(second).phase == "Ready"


async def test_while_the_main_name_is_taken_it_leads_nowhere_else() -> None:
    world = await serving(model=source(1), service=ON)
    before = selector(world, NAME)
    world.cluster.remove("Service", KEY.name)
    taken = foreign()
    taken["metadata"]["name"] = KEY.name
    world.cluster.apply_as("helm", taken)
    world.user_applies(model=source(2), service=ON)
    await world.settle()

    assert selector(world, NAME) == before


async def test_pods_stay_while_it_leads_to_them() -> None:
    world = await serving(model=source(1), service=ON)
    old = world.served
    world.cluster.before = refuse(lambda request: request.name == NAME)
    world.user_applies(model=source(2), service=ON)
    await world.settle(rounds=4)
    await world.later(timedelta(minutes=5))
    assert world.served != old
    assert old in world.deployments

    world.cluster.before = None
    await world.settle()
    assert list(world.deployments) == [world.served]
    assert selector(world, NAME) == selector(world, KEY.name)


async def test_an_invalid_edit_keeps_it() -> None:
    world = await serving(service=ON)
    world.user_applies(service=ON, replicas=-1)
    await world.settle()

    assert world.ready[1] == "InvalidSpec"
    assert services(world) == [KEY.name, NAME]


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 14))
async def test_a_crash_at_any_write_ends_with_both_leading_to_the_new_revision(
    number: int, answered: bool
) -> None:
    world = await serving(model=source(1))
    crash, crashed = crash_at(len(world.cluster.writes) + number), False
    world.cluster.before, world.cluster.after = (None, crash) if answered else (crash, None)
    world.user_applies(model=source(2), service=ON)
    for _ in range(3):
        try:
            await world.later(timedelta(seconds=31))
        except CrashedError:
            crashed = True
            world.cluster.before = world.cluster.after = None
            world.start()
    await world.settle()

    assert crashed, "the story has fewer writes"
    assert len(world.deployments) == 1
    assert selector(world, NAME) == selector(world, KEY.name)
    assert world.ready[0] == "True"
    assert "DriftRepaired" not in world.event_reasons


async def test_in_a_rollout_by_steps_it_selects_what_the_service_selects() -> None:
    world, old = await at_first_step(service=ON)
    assert world.served is None, "the Service selects the pods of both"
    assert selector(world, NAME) == selector(world, KEY.name)
    world.says(Verb.ABORT, world.canary)
    await world.settle()
    assert world.served == old
    assert selector(world, NAME) == selector(world, KEY.name)

    await world.later(timedelta(seconds=31))
    assert world.deployments == {old: 3}
    assert "DriftRepaired" not in world.event_reasons


async def test_an_aborted_canary_keeps_its_pods_while_it_leads_to_them() -> None:
    world, old = await at_first_step(service=ON)
    new = world.canary
    world.cluster.before = refuse(lambda request: request.name == NAME)
    world.says(Verb.ABORT, new)
    await world.settle(rounds=4)
    await world.later(timedelta(minutes=5))
    assert world.served == old
    assert new in world.deployments

    world.cluster.before = None
    await world.settle()
    assert world.deployments == {old: 3}


async def test_beside_a_gateway_it_selects_what_the_service_selects() -> None:
    world = GatewayHarness()
    world.user_applies(model=source(1), rollout=rollout(), service=ON)
    await world.settle(40)
    old = world.served
    world.user_applies(model=source(2), rollout=rollout(), service=ON)
    await world.settle(40)
    await world.later(timedelta(seconds=31))

    assert list(world.deployments) == [world.served] != [old]
    assert selector(world, NAME) == selector(world, KEY.name)
    assert "DriftRepaired" not in world.event_reasons
