"""Load of a unit that has a canary: both tracks together, as one revision would have it."""

from dataclasses import replace

from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.domain.scaling import MetricLoad
from inference_operator.domain.scaling_question import Shares
from inference_operator.planning.scaling.laws import Law, law_of

SHARED = "other pods share the requests"
SMALL = "the canary has fewer pods than its weight needs"


def both_tracks(
    metric: ScalingMetric,
    tracks: tuple[MetricLoad, MetricLoad],
    shares: Shares,
    *,
    is_divided: bool,
) -> MetricLoad:
    """Return the load by which a revision must be sized that serves all clients, from that of the
    stable revision and of the canary.

    Requests add up, with those of a baseline. Other values do not: there the busier track tells.
    """
    stable, canary = tracks
    if not canary.pods or not stable.pods:
        return stable if stable.pods else canary
    if law_of(metric) is Law.TOTAL and not metric.only_adds:
        return _added(stable, canary, shares, is_divided=is_divided)
    if shares.canary_is_small and metric.has_ratio:
        canary = _without_more(canary, stable, metric)
    return _undivided(together(stable, canary, is_divided=is_divided), metric, shares.spread)


def together(stable: MetricLoad, canary: MetricLoad, *, is_divided: bool) -> MetricLoad:
    """Return the load by the value of the busier track.

    A canary has pods by its share, so each of its pods has what one of a single revision would
    have; the stable revision keeps more than its share, unless both divide the unit's pods. So the
    busier track tells the value, for the stable revision's pods, or for those of both.

    >>> tracks = MetricLoad("QueueTime", 3.0, 24.0, 8, 8), MetricLoad("QueueTime", 6.0, 24.0, 4, 4)
    >>> both = together(*tracks, is_divided=False)
    >>> both.value, both.seen, both.total
    (6.0, 8, 48.0)
    """
    counted = (stable, canary) if is_divided else (stable,)
    seen = sum(each.seen for each in counted)
    worse = max((canary, stable), key=lambda each: (bool(each.reason), each.value or 0.0))
    values = [each.value for each in (stable, canary) if each.value is not None]
    value = max(values, default=None)
    return replace(
        worse,
        value=value,
        total=(value or 0.0) * seen,
        pods=sum(each.pods for each in counted),
        seen=seen,
        young=sum(each.young for each in counted),
        is_idle=value is None and stable.is_idle and canary.is_idle,
        can_shrink=stable.is_whole and canary.is_whole,
    )


def _added(
    stable: MetricLoad, canary: MetricLoad, shares: Shares, *, is_divided: bool
) -> MetricLoad:
    """Return the load of all clients, over the pods that are sized.

    >>> tracks = MetricLoad("Rate", 5.0, 40.0, 8, 8), MetricLoad("Rate", 40.0, 40.0, 1, 1)
    >>> added = _added(*tracks, Shares(baseline=0.125), is_divided=False)
    >>> added.total, added.value
    (85.0, 10.625)
    """
    both = together(stable, canary, is_divided=is_divided)
    if both.value is None or not both.seen:
        return both
    total = stable.total * (1 + shares.baseline) + canary.total
    return replace(both, total=total, value=total / both.seen)


def _without_more(canary: MetricLoad, stable: MetricLoad, metric: ScalingMetric) -> MetricLoad:
    """Return the canary's load so that it keeps pods and adds none."""
    if canary.value is None or canary.value <= metric.target_number:
        return canary
    value = max(min(canary.value, metric.target_number), stable.value or 0.0)
    return replace(canary, value=value, message=canary.message or SMALL)


def _undivided(load: MetricLoad, metric: ScalingMetric, spread: float) -> MetricLoad:
    """Return the load that the pods may have without those that share the requests evenly with
    them: `spread` pods do, by pod.

    A queue time does not grow evenly with the requests. So a value keeps the pods that one
    revision might need, and adds none.

    >>> queue = ScalingMetric(type="QueueTime", target="5ms")
    >>> _undivided(MetricLoad("QueueTime", 3.0, 12.0, 4, 4), queue, 2.0).value
    5.0
    >>> _undivided(MetricLoad("QueueTime", 6.0, 24.0, 4, 4), queue, 2.0).value
    6.0
    """
    if spread <= 1 or load.value is None or not metric.has_ratio:
        return load
    value = max(load.value, min(load.value * spread, metric.target_number))
    if value == load.value:
        return load
    return replace(load, value=value, total=value * load.seen, message=load.message or SHARED)
