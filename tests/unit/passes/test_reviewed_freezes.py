"""What a reviewer found: failed rollbacks, freezes, pauses, lost statuses, new defaults."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.domain.commands import Verb
from tests.fakes.bodies import KEY, source
from tests.fakes.gateways import rollout
from tests.fakes.harness import DEFAULTS

from .delivery_harness import Delivery, at_first_step, two_served
from .freezing import freeze, serving
from .steered_harness import SteeredHarness, tell
from .test_gateway_steps import CANARY, STABLE, Routed, edit, promote
from .test_recreate import OneGpu
from .test_remembered_aborts import third_aborted

NEWER = replace(DEFAULTS, triton_image="registry.example/triton:99.01", staged=1)


class Steered(OneGpu, SteeredHarness):
    """One GPU, and a person."""


class Single(Routed):
    """A gateway, and one replica."""

    def wants(self, number: int) -> None:
        parts = rollout()
        canary = {**parts["canary"], "steps": [{"setWeight": 60}, {"pause": {}}]}
        self.user_applies(model=source(number), rollout={**parts, "canary": canary}, replicas=1)


async def begun(**changes: Any) -> tuple[Delivery, str]:
    """A canary without steps starts beside what serves, and does not answer."""
    world, old = await serving()
    world.answers = lambda revision: revision == old
    world.user_applies(model=source(2), replicas=2, **changes)
    await world.settle()
    assert world.deployments[old] == 2
    return world, old


def stable(world: Any) -> str:
    assert world.status.stable is not None
    return str(world.status.stable.revision)


@pytest.mark.parametrize("is_frozen", [False, True])
async def test_a_failed_rollback_by_recreate_ends_nothing_a_second_time(is_frozen: bool) -> None:
    world, names = Steered(), []
    for number in (1, 2):
        world.wants(number)
        await world.settle()
        names.append(world.served)
        await world.later(timedelta(minutes=1))
    if is_frozen:
        freeze(world)
    world.answers = lambda revision: revision == names[1]
    world.says(Verb.ROLLBACK, f"{names[0]};from={names[1]}")
    await world.settle()
    await world.later(timedelta(minutes=5))
    assert world.deployments == {names[1]: 1}, [d.reason for d in world.status.decisions]


async def test_an_abort_of_a_rollback_holds() -> None:
    world, names = await two_served()
    world.answers = lambda revision: revision == names[1]
    world.says(Verb.ROLLBACK, f"{names[0]};from={names[1]}")
    await world.settle()
    world.says(Verb.ABORT, names[0])
    await world.settle()
    await world.later(timedelta(minutes=1))
    assert world.deployments == {names[1]: 3}, world.told


@pytest.mark.parametrize("stop", ["freeze", "pause"])
async def test_a_stopped_rollout_begins_no_recreation(stop: str) -> None:
    world, old = await begun()
    if stop == "freeze":
        freeze(world)
    world.user_applies(
        model=source(2), replicas=2, rollout={"recreate": {}, "paused": stop == "pause"}
    )
    await world.settle()
    assert world.deployments[old] == 2, world.ready


async def test_a_pause_has_no_outage_without_end() -> None:
    world, old = await begun()
    world.user_applies(model=source(2), replicas=2, rollout={"recreate": {}, "paused": True})
    await world.later(timedelta(hours=5))
    assert world.deployments[old] == 2, world.ready


async def test_an_edit_promotes_nothing_in_a_freeze() -> None:
    world, old = await begun()
    freeze(world)
    world.answers = lambda revision: True
    await world.settle()
    assert world.served == old
    world.user_applies(model=source(2), replicas=2, rollout={"recreate": {}})
    await world.settle()
    assert world.served == old, world.ready


async def test_a_pause_moves_no_clients_by_an_edit() -> None:
    world, old = await at_first_step()
    world.user_applies(model=source(2), replicas=3, rollout={"recreate": {}, "paused": True})
    await world.settle()
    assert world.deployments[old] == 3, (world.served, world.ready)


async def test_clients_go_back_in_a_freeze_without_steps_when_stable_answers() -> None:
    world, old = await begun()
    freeze(world)
    await world.settle()
    world.answers = lambda revision: revision != old
    await world.settle()
    world.answers = lambda revision: True
    await world.later(timedelta(hours=5))
    assert world.served == old, world.ready


@pytest.mark.parametrize("weight", [50, 75])
async def test_a_lost_rollout_is_no_promotion(weight: int) -> None:
    world = Delivery()
    for number in (1, 2):
        world.wants(number, [{"setWeight": weight}, {"pause": {}}], replicas=4)
        await world.settle()
    old = stable(world)
    world.cluster.edit(KEY.kind, KEY.name, {"status": {"rollout": None}})
    world.start()
    await world.settle(40)
    assert stable(world) == old, world.status.decisions[-1].message


@pytest.mark.parametrize("loss", [None, "edited"])
async def test_a_lost_rollout_is_no_promotion_behind_a_gateway(loss: Any) -> None:
    world = Single()
    await tell(world, (edit(1), edit(2)))
    old = stable(world)
    assert world.weights() == {STABLE: 40, CANARY: 60}
    world.cluster.edit(KEY.kind, KEY.name, {"status": {"rollout": loss}})
    world.start()
    await world.settle(40)
    assert stable(world) == old, world.status.decisions[-1].message


async def test_a_lost_status_while_stable_does_not_answer() -> None:
    world, old = await at_first_step()
    freeze(world)
    await world.settle()
    world.answers = lambda revision: revision != old
    world.run_deployments()
    world.cluster.edit(KEY.kind, KEY.name, {"status": None})
    world.start()
    await world.settle(40)
    assert old in world.deployments, world.ready


async def test_new_defaults_do_not_end_a_rollback() -> None:
    world, names = await two_served()
    world.says(Verb.ROLLBACK, f"{names[0]};from={names[1]}")
    await world.settle()
    await world.later(timedelta(minutes=5))
    assert world.deployments == {names[0]: 3}
    world.start(NEWER)
    await world.settle()
    assert world.deployments == {names[0]: 3}, world.ready


async def test_new_defaults_do_not_start_an_aborted_spec() -> None:
    world, names = await third_aborted()
    world.start(NEWER)
    await world.settle()
    assert world.deployments == {names[1]: 3}, world.ready


async def test_a_silent_gateway_is_stalled_in_a_freeze() -> None:
    world = Routed()
    await tell(world, (edit(1), edit(2), promote))
    world.answer = lambda route: None
    freeze(world)
    await tell(world, (edit(3),))
    await world.later(timedelta(minutes=11))
    assert any(c.type == "Stalled" for c in world.status.conditions), world.ready
