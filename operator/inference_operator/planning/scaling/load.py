"""Load of a unit, from what a sweep shows of its pods and from the parts of its windows."""

from datetime import timedelta

from inference_operator.api.autoscaling_metric import ScalingMetric, ScalingMetricType
from inference_operator.api.quoting import beginning
from inference_operator.domain.analysis import MeasuredTrack
from inference_operator.domain.measurement import Family, NoAnswer, Sweep
from inference_operator.domain.scaling import Load, MetricLoad
from inference_operator.domain.scaling_question import ScalingQuestion
from inference_operator.planning.measuring.collecting import Collector, Views
from inference_operator.planning.measuring.coverage import (
    INCOMPLETE,
    crowded,
    no_answer,
    warning_of,
)
from inference_operator.planning.scaling.counter_values import counter_load
from inference_operator.planning.scaling.families import counters_of, families_of
from inference_operator.planning.scaling.gauge_values import gauge_load
from inference_operator.planning.scaling.hangs import without_hang
from inference_operator.planning.scaling.pod_history import Histories, PodHistory, over, recorded
from inference_operator.planning.scaling.query_values import query_load
from inference_operator.planning.scaling.sight import Sight
from inference_operator.planning.scaling.tracks import both_tracks

_WORDS_LENGTH = 200
_GAUGES = frozenset(
    {
        ScalingMetricType.PENDING_REQUESTS,
        ScalingMetricType.GPU_UTILIZATION,
        ScalingMetricType.GPU_MEMORY,
    }
)


def load_of(
    question: ScalingQuestion, sweep: Sweep, before: Histories, now: float
) -> tuple[Histories, Load]:
    """Return the histories of the pods that there are, and the load of the unit.

    `now` is in seconds of a clock that nothing adjusts.
    """
    counters = counters_of(question.settings)
    lost = _lost(sweep, counters | {Family.FRESHNESS})
    sights = [
        _sight(question, track, sweep, before, (now, bool(lost))) for track in question.tracks
    ]
    histories = {name: each for sight in sights for name, each in sight.histories.items()}
    metrics = []
    for metric in question.settings.metrics:
        per_track = [_load(sight, metric, lost) for sight in sights]
        if metric.type is ScalingMetricType.PROMETHEUS or len(per_track) == 1:
            metrics.append(per_track[0] if per_track else MetricLoad(metric.label))
        elif per_track:
            stable, canary = per_track[:2]
            is_divided, shares = question.is_divided, question.shares
            both = both_tracks(metric, (stable, canary), shares, is_divided=is_divided)
            metrics.append(both)
        else:
            metrics.append(MetricLoad(metric.label))
    return histories, Load(tuple(metrics), None if lost else _rate(sights))


def _sight(
    question: ScalingQuestion,
    track: MeasuredTrack,
    sweep: Sweep,
    before: Histories,
    moment: tuple[float, bool],
) -> Sight:
    now, is_lost = moment
    own = {pod.name: before[pod.name] for pod in track.pods if pod.name in before}
    if is_lost:
        # The next sweep spans the time.
        return Sight(question, track, sweep, now, {}, own)
    namespace = question.unit.namespace
    counters = counters_of(question.settings)
    collector = Collector(namespace, sweep, counters, timedelta(), crowded(sweep, namespace))
    views = collector.views(track, {name: each.memory for name, each in own.items()})
    return Sight(question, track, sweep, now, views, _recorded(question, own, views, now))


def _recorded(
    question: ScalingQuestion, own: Histories, views: Views, now: float
) -> dict[str, PodHistory]:
    longest = max(metric.window.length for metric in question.settings.metrics).total_seconds()
    return {
        name: recorded(own.get(name), view, now, longest)
        for name, view in views.items()
        if view.memory is not None
    }


def _load(sight: Sight, metric: ScalingMetric, lost: tuple[str, str] | None) -> MetricLoad:
    if metric.type is ScalingMetricType.PROMETHEUS:
        return query_load(sight, metric)
    missing = lost or _lost(sight.sweep, families_of(metric))
    if missing is not None:
        return sight.missing(metric, *missing)
    load = gauge_load(sight, metric) if metric.type in _GAUGES else counter_load(sight, metric)
    return without_hang(sight, metric, load)


def _lost(sweep: Sweep, families: frozenset[Family]) -> tuple[str, str] | None:
    """Return why answers cannot be read: as a CamelCase word, and as a sentence."""
    outage: NoAnswer | None = no_answer(sweep, families)
    if outage is not None:
        return outage.outage.value, beginning(outage.message, _WORDS_LENGTH)
    warning = warning_of(sweep, families)
    if warning:
        return INCOMPLETE, f"Prometheus warns that values may be missing: {warning}"
    return None


def _rate(sights: list[Sight]) -> float | None:
    """Return the requests a second of all pods, over the shortest of the metrics' windows; None if
    one of them was not counted for so long."""
    rate = 0.0
    for sight in sights:
        metrics = sight.question.settings.metrics
        shortest = min(metric.window.length for metric in metrics).total_seconds()
        for pod in sight.track.pods:
            history = sight.histories.get(pod.name)
            spans = over(history, shortest) if history else None
            if spans is None:
                return None
            rate += spans[0].requests / spans[1]
    return rate
