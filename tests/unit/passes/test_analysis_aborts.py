"""Canaries whose metrics fail: they are aborted whatever their rollout waits for."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.commands import Verb
from tests.examples import examples
from tests.fakes.bodies import KEY, source
from tests.fakes.cluster import Request
from tests.fakes.gateways import ROUTES, GatewayHarness, rollout
from tests.fakes.harness import crash_at

from .freezing import freeze
from .judged_harness import ANALYSIS, Judged, at_canary
from .steered_harness import tell
from .test_interruptions import final

HELD: dict[str, list[Any]] = {
    "a pause for a person": [{"setWeight": 25}, {"pause": {}}],
    "a timed pause": [{"setWeight": 25}, {"pause": {"duration": "10m"}}],
    "an analysis": [{"setWeight": 25}, {"analysis": {"count": 100}}],
}


def aborts(world: Judged) -> list[str]:
    decisions = world.status.decisions
    return [each.message for each in decisions if each.reason == "RolloutAborted"]


@pytest.mark.parametrize("steps", HELD.values(), ids=HELD)
async def test_it_is_aborted_at_each_step_that_waits(steps: list[Any]) -> None:
    world, old = await at_canary(Verdict.PASS, steps=steps)
    assert world.step == 1
    await world.shows(Verdict.FAIL, "61 of 1,204 requests")
    assert world.served == old
    assert ["61 of 1,204 requests" in message for message in aborts(world)] == [True]


async def test_it_is_aborted_while_a_person_pauses() -> None:
    world, old = await at_canary(Verdict.LOW_TRAFFIC)
    world.says(Verb.PAUSE, world.canary)
    await world.settle(world.rounds)
    await world.shows(Verdict.FAIL)
    assert (world.served, len(aborts(world))) == (old, 1)


async def test_it_is_aborted_while_rollouts_are_frozen() -> None:
    world, old = await at_canary(Verdict.LOW_TRAFFIC)
    freeze(world)
    await world.settle(world.rounds)
    await world.shows(Verdict.FAIL)
    assert (world.served, len(aborts(world))) == (old, 1)


async def test_it_is_not_aborted_before_the_starting_step() -> None:
    steps: list[Any] = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]
    world, _ = await at_canary(Verdict.FAIL, steps=steps, analysis={"startingStep": 2})
    assert (world.step, aborts(world)) == (1, [])


async def test_it_keeps_its_clients_while_no_pod_of_the_stable_revision_answers() -> None:
    world, old = await at_canary(Verdict.LOW_TRAFFIC)
    new = world.canary
    world.answers = lambda revision: revision == new
    await world.settle(world.rounds)
    await world.shows(Verdict.FAIL)
    assert (world.canary, aborts(world)) == (new, [])

    world.answers = lambda revision: True
    await world.settle(world.rounds)
    assert (world.served, len(aborts(world))) == (old, 1)


class JudgedRoutes(Judged, GatewayHarness):
    """A canary of 4 replicas that a gateway leads half of the clients to."""

    def wants(self, number: int, steps: list[Any] | None = None, **changes: Any) -> None:
        parts = rollout()
        steps = [{"setWeight": 50}, {"analysis": {"count": 100}}]
        canary = {**parts["canary"], "steps": steps, "analysis": ANALYSIS}
        canary["abortScaleDownDelay"] = "30s"
        self.user_applies(model=source(number), rollout={**parts, "canary": canary}, replicas=4)


async def test_a_gateway_leads_nobody_to_it_before_its_pods_end() -> None:
    world = JudgedRoutes()
    world.wants(1)
    await world.settle(world.rounds)
    world.verdict = Verdict.LOW_TRAFFIC
    world.wants(2)
    await world.settle(world.rounds)
    new, old = world.canary, world.stable
    assert world.weights() == {f"{KEY.name}-stable": 50, f"{KEY.name}-canary": 50}
    assert world.deployments == {old: 4, new: 2}

    unserved: list[Request] = []

    def check(request: Request, number: int) -> None:
        """Record each write after which the route leads to a canary with fewer pods."""
        leads = any(world.weights(kind)[f"{KEY.name}-canary"] for kind in ROUTES)
        if leads and world.deployments[new] < 2:
            unserved.append(request)

    world.cluster.after = check
    world.verdict = Verdict.FAIL
    before = len(world.cluster.writes)
    await world.one_pass()
    routes = [each.kind for each in world.cluster.writes[before:] if each.kind in ROUTES]
    assert sorted(routes) == sorted(ROUTES), (
        "the pass that reads the verdict takes all clients back"
    )
    for kind in ROUTES:
        assert world.weights(kind) == {f"{KEY.name}-stable": 100, f"{KEY.name}-canary": 0}
    await world.settle(world.rounds)
    assert world.deployments == {old: 4, new: 2}, "its pods stay for abortScaleDownDelay"
    await world.later(timedelta(seconds=31))
    assert world.deployments == {old: 4}
    assert (unserved, len(aborts(world))) == ([], 1)


def fails(world: Judged) -> None:
    world.verdict = Verdict.FAIL


def serves(world: Judged) -> None:
    world.verdict = Verdict.PASS
    world.wants(1)


def starts(world: Judged) -> None:
    world.verdict = Verdict.LOW_TRAFFIC
    world.wants(2)


STORY = (serves, starts, fails)


@pytest.mark.parametrize("number", range(9, 23))
async def test_a_crash_at_any_write_of_an_abort_comes_to_the_same_end(number: int) -> None:
    whole, world = Judged(), Judged()
    await tell(whole, STORY)
    world.cluster.after = crash_at(number)
    assert await tell(world, STORY) == 1
    assert final(world) == final(whole)
    assert len(aborts(world)) == 1


async def test_the_story_has_as_many_writes_as_crashes_are_tried() -> None:
    world = Judged()
    await tell(world, STORY)
    assert len(world.cluster.writes) == 22


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.sampled_from([*Verdict, None]), max_size=8))
async def test_it_is_promoted_only_with_metrics_that_pass(verdicts: list[Verdict | None]) -> None:
    steps: list[Any] = [{"setWeight": 25}, {"pause": {"duration": "1m"}}, {"setWeight": 50}]
    world, old = await at_canary(Verdict.LOW_TRAFFIC, steps=steps)
    for verdict in verdicts:
        world.verdict = verdict
        await world.later(timedelta(minutes=1))
        stable = world.status.stable
        assert stable is not None
        if stable.revision != old:
            assert verdict is Verdict.PASS
            return
