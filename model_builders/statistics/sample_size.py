"""Expected number of requests until the evidence suffices."""

import math
from dataclasses import dataclass

from model_builders.statistics.counts import AbsoluteLimit, Limit
from model_builders.statistics.evidence import FACTORS, Evidence, log_ratio


@dataclass(frozen=True, slots=True)
class Rates:
    """Assumed bad shares of both tracks, and the canary's share of the requests, all 0 to 1."""

    canary: float
    stable: float
    canary_share: float

    def __post_init__(self) -> None:
        for name in ("canary", "stable", "canary_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"{name}: found {getattr(self, name)}, expected a number from 0 to 1;"
                    " write 1 % as 0.01"
                )


def requests_missing(evidence: Evidence, limit: Limit, rates: Rates, alpha: float = 0.01) -> float:
    """Return about how many more requests of the canary it takes until a limit is judged.

    The evidence of one factor grows by its mean (Wald, Sequential Analysis, 1947). The answer is
    that of the fastest factor, in requests of the canary: 0 if it is judged now, and infinity if
    it will not be, because the assumed rate is the limit or very near to it.

    >>> limit = AbsoluteLimit(0.01)
    >>> round(requests_missing(Evidence(), limit, Rates(0.05, 0.005, 0.1)))
    162
    >>> round(requests_missing(Evidence(), limit, Rates(0.005, 0.005, 0.1)))
    4322
    >>> requests_missing(Evidence(), limit, Rates(0.01, 0.01, 0.1))
    inf
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: found {alpha}, expected a number between 0 and 1; write 0.01")
    threshold = math.log(1 / alpha)
    if max(evidence.log_above, evidence.log_below) >= threshold:
        return 0.0
    growths = _growths(limit, rates)
    goal = threshold + math.log(len(FACTORS))
    ratios = (*evidence.above, *evidence.below)
    times = [
        (goal - ratio) / growth for ratio, growth in zip(ratios, growths, strict=True) if growth > 0
    ]
    return max(0.0, min(times, default=math.inf))


def _growths(limit: Limit, rates: Rates) -> list[float]:
    """Return the mean growth of each ratio by one request of the canary: above, then below."""
    factors = (*FACTORS, *(1 / factor for factor in FACTORS))
    if isinstance(limit, AbsoluteLimit):
        return [log_ratio(rates.canary, 1, limit.share, factor) for factor in factors]
    share = rates.canary_share
    if share in (0, 1):
        return [0.0] * len(factors)
    draws = rates.canary + rates.stable * (1 - share) / share
    at_limit = limit.ratio * share
    null = at_limit / (at_limit + 1 - share)
    return [log_ratio(rates.canary, draws, null, factor) for factor in factors]
