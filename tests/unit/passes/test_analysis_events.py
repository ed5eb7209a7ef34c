"""Events about verdicts on a canary: one for each change, with its numbers, and none besides."""

import pytest

from inference_operator.api.analysis_status import Verdict

from .judged_harness import Judged, at_canary

REASONS = {
    Verdict.PASS: ("Normal", "AnalysisPassed"),
    Verdict.NO_DATA: ("Warning", "NoData"),
    Verdict.LOW_TRAFFIC: ("Normal", "LowTraffic"),
    Verdict.INCOMPARABLE: ("Normal", "Incomparable"),
    Verdict.ERROR: ("Warning", "MetricsUnavailable"),
}


def about_verdicts(world: Judged) -> list[tuple[str, str, str]]:
    """Return type, reason and message of each Event about a verdict."""
    reasons = {reason for _, reason in REASONS.values()}
    events = [each for each in world.cluster.all("Event") if each["reason"] in reasons]
    return [(each["type"], each["reason"], each["message"]) for each in events]


async def held() -> Judged:
    """Return a canary whose step takes more passes than there are."""
    steps = [{"setWeight": 25}, {"analysis": {"count": 100}}]
    world, _ = await at_canary(Verdict.LOW_TRAFFIC, steps=steps)
    assert about_verdicts(world) == [], "the first verdict is a state, and no change"
    return world


@pytest.mark.parametrize("verdict", [each for each in REASONS if each is not Verdict.LOW_TRAFFIC])
async def test_each_change_of_a_verdict_is_one_event_with_its_numbers(verdict: Verdict) -> None:
    world = await held()
    expected = []
    for number, shown in enumerate((verdict, Verdict.LOW_TRAFFIC, verdict)):
        numbers = f"{number} of 1,204 requests failed"
        await world.shows(shown, numbers)
        expected.append((*REASONS[shown], f"errors: {shown.value}, {numbers}"))
    assert about_verdicts(world) == expected


async def test_other_numbers_and_a_restart_are_no_event() -> None:
    world = await held()
    await world.shows(Verdict.NO_DATA)
    before = about_verdicts(world)
    for number in range(5):
        await world.shows(Verdict.NO_DATA, f"{number} of {number * 1000} requests")
    world.start()
    await world.shows(None)
    await world.shows(Verdict.NO_DATA, "7 of 9,000 requests")
    assert about_verdicts(world) == before
    assert len(before) == 1


async def test_a_failing_verdict_is_told_by_the_abort_alone() -> None:
    world = await held()
    before = world.event_reasons
    await world.shows(Verdict.FAIL, "61 of 1,204 requests failed")
    assert about_verdicts(world) == []
    assert world.event_reasons == [*before, "RolloutAborted"]
    aborted = world.cluster.all("Event")[-1]
    assert aborted["type"] == "Warning"
    assert "61 of 1,204 requests failed" in aborted["message"]


async def test_a_verdict_that_changes_with_each_sweep_ends_with_its_budget() -> None:
    world = await held()
    for number in range(60):
        await world.shows((Verdict.NO_DATA, Verdict.LOW_TRAFFIC)[number % 2])
    assert len(about_verdicts(world)) <= 25
