"""Estimate of how much more counts vary than those of independent requests."""

import math
from collections.abc import Sequence

from model_builders.statistics.counts import Counts

# Fewer windows estimate it too badly.
FEWEST_WINDOWS = 20
# Taken where nothing is known, too. In benchmarks, larger ones only delayed detection.
MOST_INFLATION = 4.0


def variance_inflation(windows: Sequence[Counts], most: float = MOST_INFLATION) -> float:
    """Return Pearson's X^2 over its degrees of freedom, from 1 to `most`.

    `windows` are those of the stable revision before the canary gets requests; they should be as
    long as those that are judged. With x bad of n requests in each of m windows, and p the bad
    share of all of them: sum((x - n p)^2 / (n p (1 - p))) / (m - 1). Source: McCullagh and Nelder,
    Generalized Linear Models, 1989, section 4.5.

    It is `most` with fewer than 20 windows that have requests, or if no or all requests were bad,
    because such counts do not show how they vary.

    >>> variance_inflation([Counts(100, 2)] * 20)
    1.0
    >>> round(variance_inflation([Counts(100, 0), Counts(100, 4)] * 10), 2)
    2.15
    >>> variance_inflation([])
    4.0
    """
    if not 1 <= most < math.inf:
        raise ValueError(f"most: found {most}, expected a finite number from 1 on; write 4")
    counted = [window for window in windows if window.requests > 0]
    requests = math.fsum(window.requests for window in counted)
    bad = math.fsum(window.bad for window in counted)
    if len(counted) < FEWEST_WINDOWS or bad in (0, requests):
        return most
    share = bad / requests
    squares = math.fsum(
        (window.bad - window.requests * share) ** 2 / (window.requests * share * (1 - share))
        for window in counted
    )
    return min(most, max(1.0, squares / (len(counted) - 1)))
