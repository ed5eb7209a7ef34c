"""Canaries that cannot be judged: for how long they wait, and what follows."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.commands import Verb, promote_step

from .judged_harness import Judged, at_canary

HALF = timedelta(minutes=15)


async def held(on_timeout: str) -> tuple[Judged, str]:
    """Return a canary that could not be judged for half an hour, and the stable revision."""
    world, old = await at_canary(Verdict.LOW_TRAFFIC, analysis={"onTimeout": on_timeout})
    assert world.ready[1] == "AnalysisHolding"
    await world.later(HALF)
    assert world.ready[1] == "AnalysisHolding"
    await world.later(HALF)
    return world, old


async def test_after_max_hold_the_rollout_waits_for_a_person() -> None:
    world, _ = await held("Pause")
    assert world.ready[1] == "HoldTimedOut"
    assert "maxHold (30m)" in world.ready[2]
    assert world.status.phase == "Paused"

    await world.shows(Verdict.PASS)
    assert (world.step, world.ready[1]) == (1, "HoldTimedOut"), "only a person ends it"
    world.says(Verb.PROMOTE, promote_step(world.canary, 1))
    await world.settle(world.rounds)
    assert (world.step, world.ready[1]) == (3, "Paused")


async def test_after_max_hold_the_rollout_is_aborted() -> None:
    world, old = await held("Abort")
    aborted = world.status.rollout.aborted if world.status.rollout else None
    assert aborted is not None
    assert aborted.reason == "HoldTimedOut"
    assert (world.served, world.ready[1]) == (old, "RolloutAborted")


async def test_after_max_hold_the_rollout_goes_on() -> None:
    world, _ = await held("Promote")
    assert (world.step, world.share) == (3, 50)
    assert "onTimeout Promote" in str(world.status.decisions)


async def test_an_outage_does_not_count() -> None:
    world, _ = await at_canary(Verdict.LOW_TRAFFIC)
    await world.shows(Verdict.ERROR)
    for _ in range(8):
        await world.later(timedelta(hours=1))
    assert world.ready[1] == "AnalysisHolding"
    assert world.status.analysis is not None
    assert world.status.analysis.error_since is not None

    await world.shows(Verdict.LOW_TRAFFIC)
    await world.later(timedelta(minutes=29))
    assert world.ready[1] == "AnalysisHolding"
    await world.later(timedelta(minutes=2))
    assert world.ready[1] == "HoldTimedOut"


async def test_a_query_that_is_refused_does_not_hold_a_rollout_for_ever() -> None:
    world, _ = await at_canary(Verdict.LOW_TRAFFIC, analysis={"onTimeout": "Abort"})
    world.is_away = False
    await world.shows(Verdict.ERROR)
    await world.later(timedelta(minutes=31))
    assert world.ready[1] == "RolloutAborted"


TWO_SHARES = [{"setWeight": 25}, {"setWeight": 50}, {"pause": {}}]


async def flap(world: Judged) -> None:
    """The canary's pods stop to answer for a minute."""
    canary = world.canary
    world.answers = lambda revision: revision != canary
    world.run_deployments()
    await world.later(timedelta(seconds=30))
    world.answers = lambda revision: True
    world.run_deployments()
    await world.later(timedelta(seconds=30))


async def test_pods_that_come_and_go_do_not_begin_the_time_again() -> None:
    world, _ = await at_canary(Verdict.NO_DATA, steps=TWO_SHARES, analysis={"onTimeout": "Abort"})
    assert (world.step, world.ready[1]) == (0, "AnalysisHolding")
    for _ in range(8):
        await world.later(timedelta(minutes=4))
        if world.ready[1] == "RolloutAborted":
            break
        await flap(world)
    assert world.ready[1] == "RolloutAborted"


async def test_a_rollout_that_waits_for_a_person_waits_on_when_pods_come_and_go() -> None:
    world, _ = await at_canary(Verdict.NO_DATA, steps=TWO_SHARES)
    await world.later(timedelta(minutes=31))
    assert world.ready[1] == "HoldTimedOut"
    await flap(world)
    await world.shows(Verdict.PASS)
    assert (world.step, world.ready[1]) == (0, "HoldTimedOut"), "only a person ends it"


async def test_a_pause_begins_the_time_again() -> None:
    world, _ = await at_canary(Verdict.LOW_TRAFFIC)
    await world.later(timedelta(minutes=20))
    world.says(Verb.PAUSE, world.canary)
    await world.later(timedelta(hours=1))
    world.says(Verb.PAUSE, None)
    await world.later(timedelta(minutes=20))
    assert world.ready[1] == "AnalysisHolding"


@pytest.mark.parametrize("verdict", [*Verdict])
async def test_a_sweep_that_changes_no_verdict_writes_nothing(verdict: Verdict) -> None:
    world, _ = await at_canary(verdict)
    world.passes_of_step = 0
    await world.shows(verdict)
    # The pods of an aborted canary end.
    await world.later(timedelta(minutes=1))
    written = len(world.cluster.writes)
    for number in range(5):
        await world.shows(verdict, f"{number} of {number * 1000} requests")
    assert len(world.cluster.writes) == written


async def test_a_restart_writes_nothing_and_forgets_nothing() -> None:
    world, _ = await at_canary(Verdict.LOW_TRAFFIC)
    before, written = world.status, len(world.cluster.writes)
    world.start()
    await world.shows(None)
    await world.shows(Verdict.LOW_TRAFFIC)
    assert len(world.cluster.writes) == written
    assert world.status == before


async def test_steps_that_are_edited_are_judged_again() -> None:
    world, _ = await at_canary(Verdict.NO_DATA)
    steps: list[Any] = [{"setWeight": 25}, {"analysis": {"count": 2}}]
    world.wants(2, steps=steps)
    await world.settle(world.rounds)
    assert (world.step, world.ready[1]) == (1, "AnalysisHolding")
    await world.shows(Verdict.FAIL)
    assert world.ready[1] == "RolloutAborted"


async def test_without_a_prometheus_a_person_has_to_judge() -> None:
    world = Judged()
    world.has_prometheus = False
    world.start()
    world.wants(1)
    await world.settle(world.rounds)
    assert world.condition("MetricsAvailable") == ("False", "AnalysisUnavailable")
    world.wants(2)
    await world.settle(world.rounds)
    assert world.ready[1] == "AnalysisUnavailable"
    assert world.condition("CanaryHealthy") == ("Unknown", "AnalysisUnavailable")
    for step in (1, 3):
        world.says(Verb.PROMOTE, promote_step(world.canary, step))
        await world.settle(world.rounds)
    assert world.status.canary is None, "the last promote promotes it"
