"""Percentiles from the cumulative buckets of a histogram."""

import math
from collections.abc import Mapping


def percentile(buckets: Mapping[float, float], share: float) -> tuple[float, bool] | None:
    """Return the time in ms that `share` of the requests were not slower than, and whether it is
    more than a lower bound; None without requests.

    It is interpolated within its bucket. Triton cuts off fractions of milliseconds: the boundary 20
    has all requests below 21 ms.

    >>> percentile({9.0: 50, 19.0: 90, math.inf: 100}, 0.7)
    (15.0, True)
    >>> percentile({9.0: 50, 19.0: 90, math.inf: 100}, 0.95)
    (20.0, False)
    >>> percentile({math.inf: 0}, 0.95) is None
    True
    """
    bounds = sorted(buckets)
    if not bounds or not math.isinf(bounds[-1]) or buckets[bounds[-1]] <= 0:
        return None
    rank = share * buckets[bounds[-1]]
    lower, below = 0.0, 0.0
    for bound in bounds:
        if math.isinf(bound):
            return lower, False
        upper, count = math.floor(bound) + 1.0, max(buckets[bound], below)
        if count >= rank and count > below:
            return lower + (upper - lower) * (rank - below) / (count - below), True
        lower, below = upper, count
    return None
