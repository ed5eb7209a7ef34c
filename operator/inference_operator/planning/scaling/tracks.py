"""Load of a unit that has a canary: both tracks together, as one revision would have it."""

from dataclasses import replace

from inference_operator.domain.scaling import MetricLoad


def together(stable: MetricLoad, canary: MetricLoad, *, is_divided: bool) -> MetricLoad:
    """Return the load by which a revision must be sized that serves all clients.

    A canary has pods by its share, so each of its pods has what one of a single revision would
    have; the stable revision keeps more than its share, unless both divide the unit's pods. So the
    busier track tells the value, for the stable revision's pods, or for those of both.

    >>> tracks = MetricLoad("QueueTime", 3.0, 24.0, 8, 8), MetricLoad("QueueTime", 6.0, 24.0, 4, 4)
    >>> both = together(*tracks, is_divided=False)
    >>> both.value, both.seen, both.total
    (6.0, 8, 48.0)
    """
    if not canary.pods:
        return stable
    if not stable.pods:
        return canary
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
