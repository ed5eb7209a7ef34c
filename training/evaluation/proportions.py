"""Shares with the interval that so few cases leave them."""

import math
from dataclasses import dataclass
from typing import Any

# Of the standard normal distribution, for 95 %.
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `cases`, and Wilson's 95 % interval of the share behind them.

    The interval takes cases as independent of each other. Shares on one day are not: of five
    tickers that fall together, four tell little that is new, and the true interval is wider.
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
    """Wilson (1927), as in Brown, Cai and DasGupta (2001); nothing is known from no cases.

    Raises ValueError unless 0 <= hits <= cases.
    """
    if not 0 <= hits <= cases:
        raise ValueError(f"hits: found {hits} of {cases} cases, expected from 0 to {cases}")
    if cases == 0:
        return Share(0, 0, None, 0.0, 1.0)
    share, square = hits / cases, Z95**2
    middle = (share + square / (2 * cases)) / (1 + square / cases)
    spread = share * (1 - share) / cases + square / (4 * cases**2)
    half = Z95 / (1 + square / cases) * math.sqrt(spread)
    return Share(hits, cases, share, max(0.0, middle - half), min(1.0, middle + half))
