"""Answer to the question how many pods a unit needs: from a sweep, and the memory of the last."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.domain.measurement import Sweep
from inference_operator.domain.scaling import ScalingDecision, ScalingInput
from inference_operator.domain.scaling_memory import ScalingMemory
from inference_operator.domain.scaling_question import ScalingAnswer, ScalingQuestion
from inference_operator.domain.schedules import Bounds, bounds_at
from inference_operator.planning.scaling.chain import decide
from inference_operator.planning.scaling.load import load_of
from inference_operator.planning.scaling.pod_history import PodHistory

LATE_SWEEPS = 6
"""Intervals without a sweep that are an outage. One that takes long is none."""


@dataclass(frozen=True, slots=True)
class UnitMemory:
    """What is remembered of a unit from one sweep to the next. It ends with the process."""

    uid: str
    settings: Autoscaling
    scaling: ScalingMemory
    bounds: Bounds
    bounds_from: datetime
    pods: Mapping[str, PodHistory] = field(default_factory=dict)
    change: ScalingDecision | None = None
    """The last decision that changed the number."""


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
    longest_gap = LATE_SWEEPS * sweep.interval
    given = ScalingInput(question.settings, bounds, load, question.surroundings, longest_gap)
    scaling, decision = decide(memory.scaling, given, now)
    change = decision if decision.has_changed else memory.change
    after = replace(
        memory,
        change=change,
        settings=question.settings,
        scaling=scaling,
        bounds=bounds,
        bounds_from=since,
        pods=pods,
    )
    return after, ScalingAnswer(decision, change)


def present_size(bounds: Bounds, size: int, last: ScalingAnswer | None) -> int:
    """Return the number of pods that a pass gives a unit: the last answer, or before the first one
    the `size` that there is, within the bounds of the moment. So an edit of the bounds holds at
    once."""
    return min(max(size if last is None else last.size, bounds.minimum), bounds.maximum)


def is_other_size(read: ScalingAnswer | None, answer: ScalingAnswer) -> bool:
    """Return whether a pass has pods to add or to remove since it `read` an answer."""
    return read is None or read.size != answer.size


def is_told_otherwise(read: ScalingAnswer | None, answer: ScalingAnswer) -> bool:
    """Return whether a pass would report something else: missing data that begin or end, or hold
    pods after a schedule; the fallback; or another limit. Sentences change with each sweep, and
    wake nobody."""
    return read is not None and _told(read) != _told(answer)


def _told(answer: ScalingAnswer) -> tuple[object, ...]:
    decision = answer.decision
    holds, limited = (each.reason if each else None for each in (decision.holds, decision.limited))
    return holds, decision.has_fallen_back, limited


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
