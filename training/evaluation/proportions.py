"""Shares with the interval that so few cases leave them."""

from dataclasses import dataclass
from typing import Any

from scipy.stats import binomtest


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `cases`, and Wilson's 95 % interval of the share behind them.

    The interval assumes independent cases. Shares on one day are not: if five tickers fall
    together, four of them add little information, and the true interval is wider.
    """

    hits: int
    cases: int
    share: float | None
    lower: float
    upper: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "share": self.share,
            "cases": self.cases,
            "interval95": [self.lower, self.upper],
        }

    def __str__(self) -> str:
        if self.share is None:
            return "no cases"
        return f"{self.share:.1%} of {self.cases} ({self.lower:.1%} to {self.upper:.1%})"


def share_of(hits: int, cases: int) -> Share:
    """Return the share of `hits` in `cases`; without cases the interval is 0 to 1.

    Raises ValueError unless 0 <= hits <= cases.
    """
    if not 0 <= hits <= cases:
        raise ValueError(f"hits: found {hits} of {cases} cases, expected from 0 to {cases}")
    if cases == 0:
        return Share(0, 0, None, 0.0, 1.0)
    lower, upper = binomtest(hits, cases).proportion_ci(0.95, method="wilson")
    return Share(hits, cases, hits / cases, float(lower), float(upper))
