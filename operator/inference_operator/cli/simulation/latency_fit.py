"""Fit of a latency distribution to what Triton's counters say of some requests."""

import math
from collections.abc import Mapping
from itertools import pairwise
from statistics import NormalDist

from inference_operator.cli.simulation.requests import Latency

LEAST_MS, MOST_MS = 0.001, 3.6e6
# A trace allows 100, and has rounded numbers.
MOST_SPREAD = 99.0
_NORMAL = NormalDist()
_P50, _P95 = 0.0, _NORMAL.inv_cdf(0.95)


def fitted(buckets: Mapping[float, float], mean_ms: float | None) -> Latency | None:
    """Return median and 95th percentile of requests whose logarithms are normal between two
    boundaries; None if nothing is known of them.

    `buckets` are cumulative, by the boundary in ms; without them each request takes the mean.
    Triton counts whole ms: a boundary of 20 has all requests of less than 21 ms.

    >>> latency = Latency(p50=8.0, p95=15.0)
    >>> counts = {b: 1e6 * latency.share_up_to(b + 1) for b in (5, 10, 20, 50)}
    >>> fit = fitted({**counts, math.inf: 1e6}, None)
    >>> round(fit.p50, 2), round(fit.p95, 2)
    (8.0, 15.0)
    >>> fitted({}, 7.0), fitted({math.inf: 0.0}, None)
    (Latency(p50=7.0, p95=7.0), None)
    """
    points = _points(buckets)
    if points:
        p50, p95 = (math.exp(_logarithm(points, score)) for score in (_P50, _P95))
        return _bounded(p50, p95)
    return None if mean_ms is None else _bounded(mean_ms, mean_ms)


def _bounded(p50: float, p95: float) -> Latency:
    """Return percentiles that a trace can hold."""
    least = min(max(p50, LEAST_MS), MOST_MS)
    return Latency(least, min(max(p95, least), MOST_SPREAD * least, MOST_MS))


def _points(buckets: Mapping[float, float]) -> list[tuple[float, float]]:
    """Return the logarithm of each boundary with the normal score of the requests up to it. Of the
    boundaries with no request, and of those with all, only those next to the others count."""
    total = buckets.get(math.inf, 0.0)
    if total <= 0:
        return []
    least = min(0.5, 0.5 / total)
    shares = [
        (math.log(bound + 1.0), min(max(count / total, least), 1.0 - least))
        for bound, count in sorted(buckets.items())
        if math.isfinite(bound)
    ]
    begin = max((place for place, (_, share) in enumerate(shares) if share <= least), default=0)
    most = len(shares) - 1
    end = min(
        (place for place, (_, share) in enumerate(shares) if share >= 1.0 - least), default=most
    )
    return [(bound, _NORMAL.inv_cdf(share)) for bound, share in shares[begin : end + 1]]


def _logarithm(points: list[tuple[float, float]], score: float) -> float:
    """Return the logarithm of the latency with this normal score, from the two points beside it."""
    pairs = [pair for pair in pairwise(points) if pair[1][1] > pair[0][1]]
    if not pairs:
        return points[0][0]
    (left, low), (right, high) = next((pair for pair in pairs if score <= pair[1][1]), pairs[-1])
    # No power beyond a float's: a trace holds no such latency.
    return min(left + (score - low) / (high - low) * (right - left), math.log(MOST_MS))
