"""Any sequence of commands, edits and verdicts: no canary is promoted that did not earn it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from inference_operator.api.analysis import MetricMode
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisQuestion, AnalysisResult
from inference_operator.domain.commands import Verb, promote_all, promote_step, retry_of
from tests.examples import examples
from tests.fakes.bodies import KEY

from .freezing import freeze
from .judged_harness import ANALYSIS, Judged

STEPS = [{"setWeight": 25}, {"analysis": {}}, {"setWeight": 50}, {"analysis": {}}]
VERDICTS = {verdict.value: verdict for verdict in Verdict}
Deed = tuple[str, str]
DEEDS = st.one_of(
    st.tuples(st.just("edit"), st.sampled_from(["1", "2", "3"])),
    st.tuples(st.just("show"), st.sampled_from([*VERDICTS, "Pass", "Fail"])),
    st.tuples(st.just("mode"), st.sampled_from([mode.value for mode in MetricMode])),
    st.tuples(st.just("promote"), st.sampled_from(["step", "all", "of another"])),
    st.tuples(st.just("abort"), st.just("")),
    st.tuples(st.just("retry"), st.just("")),
    st.tuples(st.just("pause"), st.sampled_from(["on", "off"])),
    st.tuples(st.just("freeze"), st.sampled_from(["on", "off"])),
    st.tuples(st.just("wait"), st.sampled_from(["16", "301", "2400"])),
    st.tuples(st.just("restart"), st.just("")),
)


class Story(Judged):
    """A model of 4 replicas whose canaries are judged, and what happened to them."""

    def __init__(self) -> None:
        self.mode, self.number = MetricMode.ENFORCE, 1
        self.is_frozen = self.is_retried = False
        self.earned: set[str] = set()
        """Canaries that passed, that a person promoted, or that nothing decided about."""

        super().__init__()
        self.passes_of_step = 100

    def result_of(self, question: AnalysisQuestion) -> AnalysisResult:
        result = super().result_of(question)
        (metric,) = question.settings.metrics
        if metric.mode is MetricMode.ENFORCE:
            return result
        shown = tuple(replace(each, mode=metric.mode) for each in result.metrics)
        return replace(result, metrics=shown, verdict=Verdict.PASS, step_passes=100)

    def applies(self) -> None:
        metric = {**ANALYSIS["metrics"][0], "mode": self.mode.value}
        self.wants(self.number, STEPS, replicas=4, analysis={"metrics": [metric]})

    @property
    def candidate(self) -> str | None:
        return self.status.canary.revision if self.status.canary else None

    @property
    def weight(self) -> int:
        """The share that the canary's clients have, by its pods."""
        pods = self.deployments
        total = sum(pods.values())
        return round(100 * pods.get(self.candidate or "", 0) / total) if total else 0

    @property
    def aborted(self) -> str:
        """The last abort, as `retry` names it; "" without one."""
        state = self.status.rollout.aborted if self.status.rollout else None
        return retry_of(state.revision, state.time) if state else ""

    async def do(self, word: str, how: str) -> None:
        before, canary, weight = self.stable, self.candidate, self.weight
        getattr(self, f"_{word}")(how)
        self._note(canary)
        await self.settle(self.rounds)
        self._note(self.candidate)
        self._look(before, canary)
        if canary is not None and canary == self.candidate and word != "edit":
            assert not (self.is_frozen and self.weight > weight), "rose in a freeze"

    def _note(self, canary: str | None) -> None:
        """Remember that the present canary may be promoted now."""
        if canary is not None and self.lets_pass:
            self.earned.add(canary)

    @property
    def lets_pass(self) -> bool:
        """Whether the metrics let any canary be promoted now."""
        return self.verdict is Verdict.PASS or self.mode is not MetricMode.ENFORCE

    def _look(self, before: str | None, canary: str | None) -> None:
        assert self.stable in self.deployments
        assert self.deployments[self.stable or ""] >= 4
        if before is not None and self.stable != before:
            assert self.stable in self.earned or self.lets_pass, "promoted without a pass"
        fails = self.verdict is Verdict.FAIL and self.mode is MetricMode.ENFORCE
        is_same = self.candidate is not None and self.candidate == canary
        assert not (fails and is_same), "a canary that fails goes on"
        messages = [
            each.message for each in self.status.decisions if each.reason == "RolloutAborted"
        ]
        assert self.is_retried or len(messages) == len(set(messages)), "an abort was told twice"

    def _edit(self, how: str) -> None:
        self.number = int(how)
        self.applies()

    def _show(self, how: str) -> None:
        self.verdict, self.now = VERDICTS[how], self.now + timedelta(seconds=15)

    def _mode(self, how: str) -> None:
        self.mode = MetricMode(how)
        self.applies()

    def _promote(self, how: str) -> None:
        canary, rollout = self.candidate, self.status.rollout
        if canary is None or rollout is None:
            return
        values: dict[str, Callable[[], str]] = {
            "all": lambda: promote_all(canary),
            "step": lambda: promote_step(canary, rollout.current_step_index or 0),
            "of another": lambda: promote_all("0123456789"),
        }
        if how != "of another":
            self.earned.add(canary)
        self.says(Verb.PROMOTE, values[how]())

    def _abort(self, how: str) -> None:
        self.says(Verb.ABORT, self.candidate)

    def _retry(self, how: str) -> None:
        self.is_retried = True
        self.says(Verb.RETRY, self.aborted or None)

    def _pause(self, how: str) -> None:
        self.says(Verb.PAUSE, self.candidate if how == "on" else None)

    def _freeze(self, how: str) -> None:
        self.is_frozen = how == "on"
        freeze(self, "a holiday" if self.is_frozen else None)

    def _wait(self, how: str) -> None:
        self.now += timedelta(seconds=int(how))

    def _restart(self, how: str) -> None:
        self.start()


async def tell(deeds: list[Deed]) -> Story:
    story = Story()
    story.applies()
    await story.settle(story.rounds)
    for word, how in deeds:
        await story.do(word, how)
    return story


@settings(max_examples=examples(20), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(DEEDS, max_size=14))
@example([("edit", "2"), ("show", "Fail"), ("retry", ""), ("show", "Pass")])
@example([("show", "LowTraffic"), ("edit", "2"), ("promote", "of another"), ("wait", "2400")])
@example([("show", "NoData"), ("edit", "2"), ("freeze", "on"), ("promote", "step")])
def test_no_canary_is_promoted_that_did_not_earn_it(deeds: list[Deed]) -> None:
    asyncio.run(tell(deeds))


@settings(max_examples=examples(10), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(DEEDS, max_size=10))
def test_any_story_ends_with_a_promotion_when_all_is_well_again(deeds: list[Deed]) -> None:
    async def run() -> None:
        story = await tell(deeds)
        for word, how in [("freeze", "off"), ("pause", "off"), ("mode", "Enforce")]:
            await story.do(word, how)
        story.verdict = Verdict.PASS
        story.number = 4
        story.applies()
        for _ in range(6):
            await story.later(timedelta(seconds=61))

        assert story.candidate is None
        assert story.ready[0] == "True"
        assert story.deployments == {story.stable: 4}
        requests: list[Any] = story.cluster.requests
        before = len(requests)
        story.start()
        await story.passes(KEY)
        assert len(requests) == before, "a restart wrote something"

    asyncio.run(run())
