"""Analysis steps: what each verdict on a canary lets its rollout do."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.commands import Verb, promote_all, promote_step, retry_of

from .judged_harness import JUDGED_STEPS, at_canary

UNCLEAR = (Verdict.NO_DATA, Verdict.ERROR, Verdict.INCOMPARABLE, Verdict.LOW_TRAFFIC)


async def test_a_step_ends_when_its_metrics_pass() -> None:
    world, _ = await at_canary(Verdict.LOW_TRAFFIC)
    assert world.step == 1
    assert world.ready[:2] == ("False", "AnalysisHolding")
    assert "step 2 of 4: analysis: errors: LowTraffic, 2 of 1,204 requests" in world.ready[2]

    await world.shows(Verdict.PASS)
    assert (world.step, world.share) == (3, 50)
    assert world.condition("CanaryHealthy") == ("True", "AnalysisPassed")


async def test_a_step_takes_as_many_passes_in_a_row_as_it_says() -> None:
    steps: list[Any] = [{"setWeight": 25}, {"analysis": {"count": 3}}, {"setWeight": 50}]
    world, _ = await at_canary(Verdict.PASS, steps=steps)
    world.passes_of_step = 2
    await world.later(timedelta(minutes=1))
    assert world.step == 1
    assert "3 judgements in a row" in world.ready[2]

    world.passes_of_step = 3
    await world.later(timedelta(minutes=1))
    assert world.status.canary is None


@pytest.mark.parametrize("verdict", UNCLEAR)
async def test_an_unclear_verdict_holds_an_analysis_step(verdict: Verdict) -> None:
    world, old = await at_canary(verdict)
    for _ in range(5):
        await world.later(timedelta(minutes=2))
    assert (world.step, world.share) == (1, 25)
    assert world.ready[1] == "AnalysisHolding"
    assert world.status.stable is not None
    assert world.status.stable.revision == old


@pytest.mark.parametrize("verdict", UNCLEAR[:3])
async def test_a_share_does_not_rise_without_a_usable_verdict(verdict: Verdict) -> None:
    steps: list[Any] = [{"setWeight": 25}, {"pause": {"duration": "1m"}}, {"setWeight": 50}]
    world, _ = await at_canary(verdict, steps=steps)
    await world.later(timedelta(minutes=5))
    assert (world.step, world.share) == (1, 25)
    assert world.ready[1] == "AnalysisHolding"

    await world.shows(Verdict.PASS)
    assert world.status.canary is None, "it is promoted"


async def test_low_traffic_does_not_stop_a_share_but_a_promotion() -> None:
    steps: list[Any] = [{"setWeight": 25}, {"pause": {"duration": "1m"}}, {"setWeight": 50}]
    world, old = await at_canary(Verdict.LOW_TRAFFIC, steps=steps)
    await world.later(timedelta(minutes=5))
    assert (world.step, world.share) == (2, 50)
    assert world.ready[1] == "AnalysisHolding"
    await world.later(timedelta(minutes=5))
    assert world.status.stable is not None
    assert world.status.stable.revision == old


async def test_a_person_ends_what_metrics_hold() -> None:
    world, old = await at_canary(Verdict.NO_DATA)
    world.says(Verb.PROMOTE, promote_step(world.canary, 1))
    await world.settle(world.rounds)
    assert (world.step, world.share) == (3, 50)

    new = world.canary
    world.says(Verb.PROMOTE, promote_all(new))
    await world.settle(world.rounds)
    assert world.status.canary is None
    assert world.served == new != old


async def test_a_failing_canary_is_aborted_and_remembered() -> None:
    world, old = await at_canary(Verdict.LOW_TRAFFIC)
    new = world.canary
    await world.shows(Verdict.FAIL, "61 of 1,204 requests")

    assert world.served == old
    assert world.ready[:2] == ("False", "RolloutAborted")
    assert "61 of 1,204 requests" in world.ready[2]
    aborted = world.status.rollout.aborted if world.status.rollout else None
    assert aborted is not None
    assert (aborted.revision, aborted.reason) == (new, "AnalysisFailed")
    assert world.status.analysis is None

    world.verdict = Verdict.PASS
    world.start()
    await world.later(timedelta(hours=1))
    world.wants(2)
    await world.later(timedelta(hours=1))
    assert world.status.canary is None, "an aborted revision is not started again"


async def test_a_retried_canary_is_not_aborted_by_what_was_seen_before() -> None:
    world, _ = await at_canary(Verdict.FAIL)
    new = world.status.rollout and world.status.rollout.aborted
    assert new is not None
    world.verdict = Verdict.PASS
    world.says(Verb.RETRY, retry_of(new.revision, new.time))
    await world.settle(world.rounds)
    assert world.step == len(JUDGED_STEPS) - 1
