"""What passes ask about their units, what they do with the answers, and when they ask no more."""

from datetime import timedelta
from typing import Any

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.commands import Verb, retry_of
from tests.fakes.bodies import KEY, source

from .measured_harness import Measured


async def with_canary(verdict: Verdict) -> tuple[Measured, str]:
    """Serve a revision, start a second one, and judge it once; return the first."""
    world = Measured()
    world.wants(1)
    await world.settle(world.rounds)
    await world.sweep()
    old = world.served
    assert old is not None
    world.verdict = verdict
    world.wants(2)
    await world.settle(world.rounds)
    await world.sweep()
    return world, old


async def test_nothing_is_asked_before_a_revision_serves() -> None:
    world = Measured()
    world.answers = lambda revision: False
    world.wants(1)
    await world.settle(world.rounds)
    assert world.questions == []

    world.answers = lambda revision: True
    await world.settle(world.rounds)
    (question, *_) = world.questions
    assert (question.unit, question.canary) == (KEY, None)
    assert question.stable.revision == world.served


async def test_a_pass_asks_about_both_revisions_and_decides_by_the_answer() -> None:
    world, old = await with_canary(Verdict.LOW_TRAFFIC)
    question = world.questions[-1]
    assert question.canary is not None
    assert (question.stable.revision, question.canary.revision) == (old, world.canary)
    assert question.step is not None
    assert question.record is not None
    assert (world.step, world.ready[1]) == (1, "AnalysisHolding")

    world.verdict = Verdict.PASS
    await world.sweep()
    await world.sweep()
    assert world.step == 3


async def test_the_same_answer_wakes_nobody() -> None:
    world, _ = await with_canary(Verdict.LOW_TRAFFIC)
    await world.sweep()
    written = len(world.cluster.writes)
    for number in range(5):
        world.numbers = f"{number} of {number * 1000} requests"
        await world.sweep()
        assert world.woken_by_sweep == []
    assert len(world.cluster.writes) == written


async def test_it_is_asked_no_more_after_the_unit_is_deleted() -> None:
    world, _ = await with_canary(Verdict.LOW_TRAFFIC)
    world.cluster.remove(KEY.kind, KEY.name)
    await world.settle(world.rounds)
    await asks_no_more(world)


async def test_it_is_asked_no_more_when_the_spec_loses_its_analysis() -> None:
    world, old = await with_canary(Verdict.LOW_TRAFFIC)
    steps: list[Any] = [{"setWeight": 25}, {"pause": {}}]
    world.user_applies(model=source(2), rollout={"canary": {"steps": steps}}, replicas=3)
    await world.settle(world.rounds)
    await asks_no_more(world)
    assert world.status.analysis is None
    assert world.condition("CanaryHealthy") is None
    assert world.condition("MetricsAvailable") is None
    assert (world.stable, world.ready[1]) == (old, "Paused")


async def asks_no_more(world: Measured) -> None:
    """Assert that neither a sweep nor a later pass asks."""
    world.judged.clear()
    world.questions.clear()
    await world.sweep()
    await world.settle(world.rounds)
    assert (world.judged, world.questions) == ([], [])
    assert world.sweeper.age == 0


async def test_an_invalid_edit_asks_nothing_and_changes_nothing() -> None:
    world, old = await with_canary(Verdict.LOW_TRAFFIC)
    canary = world.canary
    world.wants(2, analysis={"interval": "1s"})
    await world.settle(world.rounds)
    assert world.ready[1] == "InvalidSpec"
    await asks_no_more(world)
    assert (world.stable, world.canary) == (old, canary)
    assert world.status.analysis is not None


async def test_a_unit_without_analysis_is_never_asked_about() -> None:
    world = Measured()
    steps: list[Any] = [{"setWeight": 25}, {"pause": {"duration": "1m"}}]
    for number in (1, 2):
        rollout = {"canary": {"steps": steps}}
        world.user_applies(model=source(number), rollout=rollout, replicas=3)
        await world.settle(world.rounds)
        await world.sweep(61)
        await world.settle(world.rounds)
    assert world.status.canary is None
    assert (world.questions, world.judged) == ([], [])


async def test_a_prometheus_costs_a_unit_without_analysis_no_write() -> None:
    steps: list[Any] = [{"setWeight": 25}, {"pause": {}}]

    async def told(has_prometheus: bool) -> list[Any]:
        world = Measured()
        world.has_prometheus = has_prometheus
        world.start()
        for number in (1, 2):
            rollout = {"canary": {"steps": steps}}
            world.user_applies(model=source(number), rollout=rollout, replicas=3)
            await world.settle(world.rounds)
        return [(each.verb, each.kind) for each in world.cluster.writes]

    assert await told(True) == await told(False)


async def test_an_answer_about_an_aborted_canary_is_not_one_about_its_retry() -> None:
    """Nobody sweeps between the abort and the first passes of the retry."""
    world, old = await with_canary(Verdict.LOW_TRAFFIC)
    new = world.canary
    world.verdict = Verdict.FAIL
    await world.sweep()
    aborted = world.status.rollout and world.status.rollout.aborted
    assert aborted is not None
    assert world.served == old

    world.says(Verb.RETRY, retry_of(new, aborted.time))
    await world.settle(world.rounds)
    assert (world.canary, world.step) == (new, 0), "it gets no clients before it is measured"
    assert world.status.analysis is None
    assert [each.reason for each in world.status.decisions].count("RolloutAborted") == 1

    world.verdict = Verdict.PASS
    await world.sweep()
    await world.sweep()
    assert world.step == 3


async def test_limits_that_are_edited_have_not_passed_yet() -> None:
    steps: list[Any] = [{"setWeight": 25}, {"pause": {"duration": "1m"}}]
    world = Measured()
    for number in (1, 2):
        world.wants(number, steps=steps)
        await world.settle(world.rounds)
        await world.sweep()
    assert world.status.analysis is not None
    assert (world.step, world.status.analysis.verdict) == (1, Verdict.PASS)
    old = world.stable

    metrics = [{"name": "other", "type": "ErrorRate", "max": "2%"}]
    world.wants(2, steps=steps, analysis={"metrics": metrics})
    await world.later(timedelta(minutes=2))
    assert (world.stable, world.ready[1]) == (old, "AnalysisHolding")

    await world.sweep()
    assert world.status.canary is None
    assert world.stable != old
