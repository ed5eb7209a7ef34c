"""Bounds and quantiles of simulated rollouts."""

import math
from collections.abc import Sequence

from scipy.stats import beta


def upper_bound(hits: int, total: int) -> float:
    """Return the 95 % upper bound of a share (Clopper and Pearson).

    >>> round(upper_bound(0, 5000), 5), round(upper_bound(3, 100), 3), upper_bound(2, 2)
    (0.0006, 0.076, 1.0)
    """
    others = total - hits
    return float(beta.ppf(0.95, hits + 1, others)) if others else 1.0


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the least value that at least this share of the values does not exceed.

    >>> quantile([4.0, 1.0, 3.0, 2.0], 0.5), quantile([1.0, math.inf], 0.9), quantile([], 0.5)
    (2.0, None, None)
    """
    if not values:
        return None
    value = sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]
    return value if math.isfinite(value) else None
