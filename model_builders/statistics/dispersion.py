"""Estimate of how much more counts vary than those of independent requests."""

from collections.abc import Sequence

from model_builders.statistics.counts import Counts

# Below it the estimate of a few windows is mostly noise.
FEWEST_WINDOWS = 3


def variance_inflation(windows: Sequence[Counts]) -> float:
    """Return Pearson's X^2 over its degrees of freedom, at least 1.

    With x bad of n requests in each of m windows, and p the bad share of all of them:
    sum((x - n p)^2 / (n p (1 - p))) / (m - 1). Source: McCullagh and Nelder, Generalized Linear
    Models, 1989, section 4.5. It is 1 with fewer than three windows, or if no or all requests
    were bad, because such counts do not show how they vary.

    >>> variance_inflation([Counts(100, 2), Counts(100, 2), Counts(100, 2)])
    1.0
    >>> round(variance_inflation([Counts(100, 0), Counts(100, 9), Counts(100, 0)]), 2)
    9.28
    """
    counted = [window for window in windows if window.requests > 0]
    requests = sum(window.requests for window in counted)
    bad = sum(window.bad for window in counted)
    if len(counted) < FEWEST_WINDOWS or bad in (0, requests):
        return 1.0
    share = bad / requests
    squares = sum(
        (window.bad - window.requests * share) ** 2 / (window.requests * share * (1 - share))
        for window in counted
    )
    return max(1.0, squares / (len(counted) - 1))
