"""An operator whose canaries are judged: tests say what their metrics show."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from inference_operator.api.analysis import MetricMode
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisQuestion, AnalysisResult, MetricResult
from inference_operator.domain.names import UnitKey
from inference_operator.domain.scaling_question import ScalingAnswer, ScalingQuestion
from inference_operator.observation.store import Store
from inference_operator.reconcile.reconciler import Dependencies
from inference_operator.validation.defaults import Defaults

from .delivery_harness import Delivery

ANALYSIS: dict[str, Any] = {"metrics": [{"name": "errors", "type": "ErrorRate", "max": "1%"}]}
JUDGED_STEPS = [{"setWeight": 25}, {"analysis": {}}, {"setWeight": 50}, {"pause": {}}]


class _Metrics:
    """A Prometheus that tells of canaries, and of no number of pods."""

    def __init__(self, result_of: Callable[[AnalysisQuestion], AnalysisResult]) -> None:
        self.measure = result_of

    def size(self, question: ScalingQuestion) -> ScalingAnswer | None:
        return None

    def forget(self, unit: UnitKey) -> None:
        """Nothing is remembered."""

    def forget_size(self, unit: UnitKey) -> None:
        """Nothing is remembered."""


class Judged(Delivery):
    """An operator with a Prometheus, which tells of its model's canary what a test says."""

    rounds = 40

    def __init__(self) -> None:
        self.verdict: Verdict | None = Verdict.PASS
        """What the metrics say; None before the first sweep."""

        self.numbers = "2 of 1,204 requests"
        """What a message has besides the verdict; it changes with each sweep."""

        self.passes_of_step = 1
        self.has_prometheus = True
        self.is_away = True
        """Whether an Error is one of Prometheus, and not of a query."""

        super().__init__()

    def wants(self, number: int, steps: list[Any] | None = None, **changes: Any) -> None:
        rollout = {**changes.pop("rollout", {})}
        given = changes.pop("analysis", {})
        canary = {"steps": JUDGED_STEPS if steps is None else steps, "analysis": ANALYSIS | given}
        super().wants(number, rollout={**rollout, "canary": canary}, **changes)

    def dependencies(
        self, store: Store, wake: Callable[[UnitKey], None], defaults: Defaults
    ) -> Dependencies:
        given = super().dependencies(store, wake, defaults)
        return replace(given, metrics=_Metrics(self.result_of)) if self.has_prometheus else given

    def result_of(self, question: AnalysisQuestion) -> AnalysisResult:
        """Return what the metrics show of a unit."""
        canary = question.canary.revision if question.canary else None
        stable = question.stable.revision
        if self.verdict is None:
            return AnalysisResult(canary, stable, Verdict.NO_DATA, "no sweep yet")
        message = f"errors: {self.verdict.value}, {self.numbers}"
        metric = MetricResult("errors", self.verdict, MetricMode.ENFORCE, message)
        return AnalysisResult(
            canary,
            stable,
            self.verdict,
            message,
            at=self.now,
            metrics=(metric,),
            is_away=self.is_away and self.verdict is Verdict.ERROR,
            step_since=question.step.since if question.step else None,
            step_passes=self.passes_of_step if self.verdict is Verdict.PASS else 0,
        )

    async def shows(self, verdict: Verdict | None, numbers: str = "") -> None:
        """The metrics show something, and the operator looks."""
        self.verdict, self.numbers = verdict, numbers or self.numbers
        await self.later(timedelta(seconds=15))

    @property
    def stable(self) -> str | None:
        """The stable revision of the status."""
        return self.status.stable.revision if self.status.stable else None

    @property
    def share(self) -> int | None:
        return self.status.canary.weight if self.status.canary else None

    def condition(self, kind: str) -> tuple[str, str] | None:
        """Return status and reason of a condition."""
        condition = next((c for c in self.status.conditions if c.type == kind), None)
        return (condition.status.value, condition.reason) if condition else None


async def at_canary(verdict: Verdict | None, **changes: Any) -> tuple[Judged, str]:
    """Serve a revision, and start a second one whose metrics show this; return the first."""
    world = Judged()
    world.wants(1, **changes)
    await world.settle(world.rounds)
    old = world.served
    assert old is not None
    world.verdict = verdict
    world.wants(2, **changes)
    await world.settle(world.rounds)
    return world, old
