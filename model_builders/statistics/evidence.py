r"""Anytime-valid evidence that a canary's bad share is above, or below, its limit.

Each window is a number of draws n, of which k are hits, with hit probability q at the limit
(`counts.trials`). Evidence that the odds of a hit are f times those at the limit is the likelihood
ratio

    log R(f) = k log f - n log(1 + (f - 1) q)

For f > 1 and any hit probability up to q, the expected value of R(f) is at most 1. So is the
expected value of the mean over several f, and of its product over disjoint windows: a nonnegative
supermartingale. It ever reaches 1 / alpha with a probability of at most alpha, however often
somebody looks (Ville's inequality). With f < 1 it tests in the other direction.

Source: Lindon and Malek, Anytime-Valid Inference for Multinomial Count Data, NeurIPS 2022, who
test a point by a Dirichlet mixture. Our null is one-sided, and the canary's share of the requests
changes by steps. So the mixture is over eight ratios of the odds, the same in each window.

The relative test needs no Poisson approximation. Let N requests come with a canary's share w, let
s be the stable bad share and p <= r s the canary's, and a = f / c, b = 1 / c with
c = 1 + (f - 1) q. Then

    log E[R(f)] = N w log(1 + p (a - 1)) + N (1 - w) log(1 + s (b - 1))
               <= N s (r w (a - 1) + (1 - w) (b - 1)) = 0
"""

import math
from dataclasses import dataclass

from model_builders.statistics.counts import Limit, Window, trials

# Ratios of the odds to those at the limit. The smallest decides how slightly a version may exceed
# its limit and still be noticed: by 1.1 in the long run, because ratios from 1.05 favour it.
FACTORS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 16.0)
_UNDECIDED = (0.0,) * len(FACTORS)
MOST_INFLATION = 1000.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Logarithms of the likelihood ratios of all windows so far, one for each of FACTORS.

    `above` are those of f, and `below` those of 1 / f. A record of it continues a test after a
    restart, with windows that are not in it yet. Windows that are lost cost time only.

    >>> Evidence().log_above
    0.0
    """

    above: tuple[float, ...] = _UNDECIDED
    below: tuple[float, ...] = _UNDECIDED

    def __post_init__(self) -> None:
        for name in ("above", "below"):
            ratios = getattr(self, name)
            if len(ratios) != len(FACTORS) or not all(map(math.isfinite, ratios)):
                raise ValueError(
                    f"{name}: found {ratios!r:.80}, expected {len(FACTORS)} finite numbers;"
                    " begin again with Evidence()"
                )

    @property
    def log_above(self) -> float:
        """Return the natural logarithm of the evidence that the limit is exceeded."""
        return log_mean(self.above)

    @property
    def log_below(self) -> float:
        """Return the natural logarithm of the evidence that the limit is kept."""
        return log_mean(self.below)


def updated(evidence: Evidence, window: Window, limit: Limit, inflation: float = 1.0) -> Evidence:
    """Return the evidence with one more window, which may not overlap those before.

    `inflation` is the ratio of the counts' variance to that of independent requests. The
    logarithms are divided by it. That is exact for bad requests in groups of that size, and an
    approximation otherwise.

    Where the counts have fractions, each side is rounded against its own claim: for `above` the
    canary's bad requests are rounded down, and for `below` they are rounded up.

    >>> from model_builders.statistics.counts import AbsoluteLimit, Counts, RelativeLimit
    >>> bad = Window(canary=Counts(150, 8), stable=Counts(1350, 7))
    >>> round(math.exp(updated(Evidence(), bad, RelativeLimit(1.5)).log_above), 1)
    163.1
    >>> twice = updated(updated(Evidence(), bad, RelativeLimit(1.5)), bad, RelativeLimit(1.5))
    >>> twice.log_above > math.log(100)
    True
    >>> good = Window(canary=Counts(1000, 1), stable=Counts(9000, 9))
    >>> round(math.exp(updated(Evidence(), good, AbsoluteLimit(0.01)).log_below))
    322
    """
    if not 1 <= inflation <= MOST_INFLATION:
        raise ValueError(
            f"inflation: found {inflation}, expected a number from 1 to {MOST_INFLATION:g};"
            " write 1 for independent requests"
        )
    draws = trials(window, limit)
    misses = draws.draws - draws.hits
    most, fewest = math.ceil(draws.hits), math.floor(draws.hits)
    most_misses, fewest_misses = math.ceil(misses), math.floor(misses)
    return Evidence(
        tuple(
            ratio + log_ratio(fewest, fewest + most_misses, draws.limit, factor) / inflation
            for ratio, factor in zip(evidence.above, FACTORS, strict=True)
        ),
        tuple(
            ratio + log_ratio(most, most + fewest_misses, draws.limit, 1 / factor) / inflation
            for ratio, factor in zip(evidence.below, FACTORS, strict=True)
        ),
    )


def log_ratio(hits: float, draws: float, limit: float, factor: float) -> float:
    """Return the log likelihood ratio of `factor` times the odds at the limit to these odds.

    >>> log_ratio(hits=0, draws=0, limit=0.1, factor=2.0)
    0.0
    >>> round(log_ratio(hits=1, draws=1, limit=0.5, factor=3.0), 4) == round(math.log(1.5), 4)
    True
    """
    if limit in (0, 1):
        return 0.0  # Only one track has requests.
    return hits * math.log(factor) - draws * math.log1p((factor - 1) * limit)


def log_mean(logarithms: tuple[float, ...]) -> float:
    """Return the logarithm of the mean of the numbers with these logarithms.

    >>> log_mean((1e12, 1e12))
    1000000000000.0
    """
    largest = max(logarithms)
    terms = (math.exp(value - largest) for value in logarithms)
    return largest + math.log(math.fsum(terms) / len(logarithms))
