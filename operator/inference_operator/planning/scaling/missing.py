"""Rule about missing data: they may keep pods and never remove one.

Pods are removed only while all metrics have good values of all pods, and have had them for a full
window. So an outage costs pods, and never requests.
"""

from dataclasses import replace

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.scaling import MetricLoad, ScalingInput
from inference_operator.domain.scaling_memory import LastValue, ScalingMemory
from inference_operator.planning.scaling.policies import longest_period
from inference_operator.planning.scaling.situation import Answer, Situation
from inference_operator.planning.scaling.texts import missing_words, value_text


def incomplete(given: ScalingInput) -> tuple[MetricLoad, ...]:
    """Return the metrics by which no pod may be removed now."""
    return tuple(load for load in given.load.metrics if not load.is_whole)


def remembered(memory: ScalingMemory, given: ScalingInput, now: float) -> ScalingMemory:
    """Return the memory with what this sweep has and lacks. A long time without any sweep is an
    outage, whoever caused it."""
    loads = given.load.metrics
    values = {
        load.label: LastValue(now, value_text(metric, load))
        for metric, load in zip(given.settings.metrics, loads, strict=True)
        if load.value is not None
    }
    labels = {load.label for load in loads}
    kept = {label: each for label, each in memory.values.items() if label in labels}
    is_missing = any(load.is_missing for load in loads)
    since = now if memory.missing_since is None else memory.missing_since
    was_away = now - memory.decided_at > given.longest_gap
    memory = replace(
        memory,
        decided_at=now,
        whole_since=None if was_away else memory.whole_since,
        values={**kept, **values},
        missing_since=since if is_missing else None,
    )
    if incomplete(given):
        minimum = max(memory.minimum, given.bounds.minimum)
        return replace(memory, whole_since=None, minimum=minimum)
    whole_since = now if memory.whole_since is None else memory.whole_since
    return replace(memory, whole_since=whole_since, minimum=given.bounds.minimum)


def may_shrink(memory: ScalingMemory, settings: Autoscaling, now: float) -> bool:
    """Return whether data have been whole for so long that pods may be removed.

    After a restart, which forgets what was removed before it, the policies' periods count too.
    """
    down = settings.behavior.scale_down
    if memory.whole_since is None:
        return False
    windows = [metric.window.length.total_seconds() for metric in settings.metrics]
    window = max(float(down.stabilization_window_seconds), *windows)
    has_window = now - memory.whole_since >= window
    return has_window and now - memory.began >= longest_period(down)


def held(situation: Situation, size: int) -> Answer:
    """Return the size, and which data are missing, if some are."""
    if not situation.missing:
        return Answer(size)
    minimum = situation.given.bounds.minimum
    is_scheduled = minimum < situation.memory.minimum and size > minimum
    words = missing_words(situation.missing, situation.memory, situation.now)
    stay = f"{words}; {counted(size, 'pod')} {'stays' if size == 1 else 'stay'}"
    if is_scheduled:
        stay += f", though the minimum is {minimum} now"
    return Answer(size, Reason.SCHEDULE_HELD if is_scheduled else Reason.SCALING_HELD, stay)
