"""Answer to the question how many pods a unit needs: from a sweep, and the memory of the last."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.domain.measurement import Sweep
from inference_operator.domain.scaling import ScalingInput
from inference_operator.domain.scaling_memory import ScalingMemory
from inference_operator.domain.scaling_question import ScalingAnswer, ScalingQuestion
from inference_operator.domain.schedules import Bounds, bounds_at
from inference_operator.planning.scaling.chain import decide
from inference_operator.planning.scaling.load import load_of
from inference_operator.planning.scaling.pod_history import PodHistory


@dataclass(frozen=True, slots=True)
class UnitMemory:
    """What is remembered of a unit from one sweep to the next. It ends with the process."""

    uid: str
    settings: Autoscaling
    scaling: ScalingMemory
    bounds: Bounds
    bounds_from: datetime
    pods: Mapping[str, PodHistory] = field(default_factory=dict)


def answer(
    memory: UnitMemory | None, question: ScalingQuestion, sweep: Sweep, now: float
) -> tuple[UnitMemory, ScalingAnswer]:
    """Return the memory for the next sweep, and the answer.

    `now` is in seconds of a clock that no adjustment of the wall clock moves. Only the schedules
    follow the wall clock, by the sweep's time.
    """
    if memory is None or memory.uid != question.uid:
        memory = _beginning(question, sweep.at, now)
    bounds, since = _bounds(memory, question, sweep.at)
    pods, load = load_of(question, sweep, memory.pods, now)
    given = ScalingInput(question.settings, bounds, load, question.surroundings)
    scaling, decision = decide(memory.scaling, given, now)
    after = replace(
        memory,
        settings=question.settings,
        scaling=scaling,
        bounds=bounds,
        bounds_from=since,
        pods=pods,
    )
    return after, ScalingAnswer(decision, question.surroundings.canary)


def present_size(question: ScalingQuestion, last: ScalingAnswer | None, moment: datetime) -> int:
    """Return the number of pods that a pass gives a unit: the last answer, or what there is before
    the first one, within the bounds of the moment. So an edit of the bounds holds at once."""
    bounds = bounds_at(question.settings, moment)
    size = question.size if last is None else last.size
    return min(max(size, bounds.minimum), bounds.maximum)


def changed(before: ScalingAnswer | None, after: ScalingAnswer) -> bool:
    """Return whether a pass has something to do after a sweep: another size, missing data that
    begin or end, or another limit of a canary. Steady load wakes nobody."""
    if before is None:
        return True
    return _acted_on(before) != _acted_on(after)


def _acted_on(answer: ScalingAnswer) -> tuple[object, ...]:
    return answer.size, answer.decision.holds is None, answer.canary


def _beginning(question: ScalingQuestion, at: datetime, now: float) -> UnitMemory:
    bounds = bounds_at(question.settings, at)
    scaling = ScalingMemory.beginning(question.size, now)
    return UnitMemory(question.uid, question.settings, scaling, bounds, at)


def _bounds(memory: UnitMemory, question: ScalingQuestion, at: datetime) -> tuple[Bounds, datetime]:
    """Return the bounds at a moment. They are computed again only after a change, since schedules
    of a thousand units would take long."""
    until = memory.bounds.until
    is_same = memory.settings == question.settings
    if is_same and memory.bounds_from <= at and (until is None or at < until):
        return memory.bounds, memory.bounds_from
    return bounds_at(question.settings, at), at
