"""Limits of shares: what counts as bad, and how much of it a canary may have."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from inference_operator.api.analysis import AnalysisMetric, MetricType, Statistic
from inference_operator.api.limit_text import share_of
from inference_operator.planning.measuring.totals import Totals
from model_builders.statistics.counts import AbsoluteLimit, Counts, Limit, RelativeLimit

MAX, MAX_RELATIVE = "max", "maxRelative"
QUANTILES = {Statistic.P50: 0.5, Statistic.P95: 0.95, Statistic.P99: 0.99}
# The ratio of the slow shares that a ratio of latencies is judged by.
LEAST_TOLERANCE, MOST_TOLERANCE = 1.2, 4.0
_NEAREST_SHARE = 1e-9


@dataclass(frozen=True, slots=True)
class ShareLimit:
    """One limit of a metric that is a share."""

    metric: AnalysisMetric
    field: str

    @property
    def key(self) -> tuple[str, str]:
        return self.metric.name, self.field

    @property
    def quantile(self) -> float | None:
        """The percentile as a share, 0.95 for p95; None for errors."""
        if self.metric.type is not MetricType.LATENCY or self.metric.statistic is None:
            return None
        return QUANTILES.get(self.metric.statistic)

    @property
    def written(self) -> str:
        """The limit as it is written in the spec."""
        text = self.metric.max if self.field == MAX else self.metric.max_relative
        return text or ""

    def rule(self, tolerance: float | None) -> Limit:
        """Return what the evidence is compared with."""
        if self.field == MAX_RELATIVE:
            ratio = share_of(self.written) if self.quantile is None else tolerance
            return RelativeLimit(ratio or 1.0)
        share = share_of(self.written) if self.quantile is None else 1 - self.quantile
        return AbsoluteLimit(min(max(share, _NEAREST_SHARE), 1 - _NEAREST_SHARE))


def limits_of(metric: AnalysisMetric) -> tuple[ShareLimit, ...]:
    """Return the limits of a metric."""
    fields = ((MAX, metric.max), (MAX_RELATIVE, metric.max_relative))
    return tuple(ShareLimit(metric, field) for field, text in fields if text is not None)


def counts_of(limit: ShareLimit, boundary: float | None, totals: Totals) -> Counts | None:
    """Return the requests and how many of them were bad; None if they are not known.

    >>> from inference_operator.api.analysis import AnalysisMetric
    >>> errors = AnalysisMetric(name="errors", type=MetricType.ERROR_RATE, max="1%")
    >>> counts_of(ShareLimit(errors, MAX), None, Totals(successes=99, failures=1))
    Counts(requests=100, bad=1)
    """
    if limit.quantile is None:
        return Counts(totals.successes + totals.failures, totals.failures)
    requests = totals.buckets.get(math.inf)
    fast = totals.buckets.get(boundary) if boundary is not None else None
    if requests is None or fast is None:
        return None
    return Counts(requests, min(max(requests - fast, 0.0), requests))


def boundary_of_duration(milliseconds: float, buckets: Mapping[float, float]) -> float | None:
    """Return the smallest boundary from a duration on; None if all boundaries are below it.

    >>> boundary_of_duration(20, {5: 1, 20: 2, 50: 3, math.inf: 3})
    20
    """
    above = (bound for bound in buckets if milliseconds <= bound < math.inf)
    return min(above, default=None)


def boundary_of_percentile(quantile: float, buckets: Mapping[float, float]) -> float | None:
    """Return the boundary that is nearest to a percentile, as a ratio; None without requests."""
    value = percentile(quantile, buckets)
    bounds = [bound for bound in buckets if 0 < bound < math.inf]
    if value is None or not bounds:
        return None
    return min(bounds, key=lambda bound: abs(math.log(bound / max(value, 1e-6))))


def percentile(quantile: float, buckets: Mapping[float, float]) -> float | None:
    """Return a percentile in ms, interpolated within its bucket; None without requests.

    Above the largest boundary it is that boundary, as with Prometheus' `histogram_quantile`.

    >>> percentile(0.95, {10: 90, 20: 100, math.inf: 100})
    15.0
    """
    bounds = sorted(buckets)
    if len(bounds) < 2 or bounds[-1] != math.inf or buckets[math.inf] <= 0:
        return None
    rank = quantile * buckets[math.inf]
    for low, high in pairwise([0.0, *bounds]):
        below, until = buckets.get(low, 0.0), buckets[high]
        if until >= rank:
            if high == math.inf:
                return low
            return low + (high - low) * (rank - below) / (until - below) if until > below else high
    return bounds[-2]


def share_slower(milliseconds: float, buckets: Mapping[float, float]) -> float:
    """Return the share of requests that were slower than a duration, interpolated.

    >>> round(share_slower(15, {10: 90, 20: 100, math.inf: 100}), 6)
    0.05
    """
    requests = buckets[math.inf]
    bounds = sorted(bound for bound in buckets if bound < math.inf)
    points: Sequence[tuple[float, float]] = [
        (0.0, 0.0),
        *((each, buckets[each]) for each in bounds),
    ]
    for (low, below), (high, until) in pairwise(points):
        if milliseconds <= high:
            part = (milliseconds - low) / (high - low) if high > low else 1.0
            return 1 - (below + part * (until - below)) / requests
    return 1 - points[-1][1] / requests


def tolerance_of(ratio: float, boundary: float, buckets: Mapping[float, float]) -> float:
    """Return how much larger the share of slow requests is if all take `ratio` times as long.

    It is at least 1.2: a histogram does not tell smaller ones. It is at most 4.

    >>> tolerance_of(1.5, 20, {10: 80, 20: 95, 50: 100, math.inf: 100})
    3.0
    """
    slow = share_slower(boundary, buckets)
    if slow <= 0:
        return MOST_TOLERANCE
    expected = share_slower(boundary / ratio, buckets) / slow
    return min(MOST_TOLERANCE, max(LEAST_TOLERANCE, round(expected, 6)))
