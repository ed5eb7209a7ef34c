"""Questions of a pass about its unit's metrics, and the last answers."""

from dataclasses import replace
from typing import Protocol

from inference_operator.domain.analysis import AnalysisQuestion, AnalysisResult
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.domain.scaling_question import ScalingAnswer, ScalingQuestion
from inference_operator.planning.analysis import question as analysis
from inference_operator.planning.scaling import asking as scaling


class Metrics(Protocol):
    """Answerer of questions about metrics. No call waits."""

    def measure(self, question: AnalysisQuestion) -> AnalysisResult:
        """Register the question about a unit's canary, and return the last answer to it."""
        ...

    def size(self, question: ScalingQuestion) -> ScalingAnswer | None:
        """Register the question about a unit's number of pods, and return the last answer to it;
        None before there is one."""
        ...

    def forget(self, unit: UnitKey) -> None:
        """Forget the question about a unit's canary."""
        ...

    def forget_size(self, unit: UnitKey) -> None:
        """Forget the question about a unit's number of pods."""
        ...


def measured(seen: Observed, metrics: Metrics | None) -> Observed:
    """Return the unit with what is known of its metrics, and ask for them."""
    if metrics is None:
        return seen
    unit = seen.owner.key
    of_canary, of_size = analysis.question_of(seen), scaling.question_of(seen)
    result = metrics.measure(of_canary) if of_canary else None
    answer = metrics.size(of_size) if of_size else None
    if of_canary is None:
        metrics.forget(unit)
    if of_size is None:
        metrics.forget_size(unit)
    inputs = replace(seen.inputs, is_measured=True, analysis=result, scaling=answer)
    return replace(seen, inputs=inputs)


def forget(unit: UnitKey, metrics: Metrics | None) -> None:
    """Forget all questions about a unit."""
    if metrics is not None:
        metrics.forget(unit)
        metrics.forget_size(unit)


def with_measured(after: Observed, before: Observed) -> Observed:
    """Return a later observation with the answers that the pass was planned with: those of a sweep
    in the meantime were not decided upon."""
    was = before.inputs
    inputs = replace(
        after.inputs, is_measured=was.is_measured, analysis=was.analysis, scaling=was.scaling
    )
    return replace(after, inputs=inputs)
