"""Counts of requests of the two tracks in one window."""

import math
from dataclasses import dataclass

# Above it a float does not tell two neighbouring counts apart with certainty.
MOST_REQUESTS = 1e15


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests of one track in one window, and how many of them were bad.

    A request is bad if it failed, or if it was slower than a boundary of the histogram. Both
    numbers may have a fraction, because Prometheus' `increase` extrapolates.

    >>> Counts(requests=150, bad=3).share
    0.02
    >>> Counts(requests=0, bad=0).share is None
    True
    >>> Counts(requests=5, bad=6)
    Traceback (most recent call last):
    ...
    ValueError: bad: found 6, expected a number from 0 to requests (5); read both in one window
    """

    requests: float
    bad: float

    def __post_init__(self) -> None:
        if not 0 <= self.requests <= MOST_REQUESTS:
            raise ValueError(
                f"requests: found {self.requests}, expected a number from 0 to {MOST_REQUESTS:.0e};"
                " do not judge a window with such a value"
            )
        if not 0 <= self.bad <= self.requests:
            raise ValueError(
                f"bad: found {self.bad}, expected a number from 0 to requests ({self.requests});"
                " read both in one window"
            )

    @property
    def share(self) -> float | None:
        """Return the bad share, 0 to 1, or None without requests."""
        return self.bad / self.requests if self.requests else None


@dataclass(frozen=True, slots=True)
class Window:
    """Counts of both tracks over the same time. Windows of one test may not overlap."""

    canary: Counts
    stable: Counts


@dataclass(frozen=True, slots=True)
class AbsoluteLimit:
    """Largest bad share that a canary may have, as 0.01 for 1 %."""

    share: float

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ValueError(
                f"share: found {self.share}, expected a number between 0 and 1; write 1 % as 0.01"
            )


@dataclass(frozen=True, slots=True)
class RelativeLimit:
    """Largest ratio of the canary's bad share to the stable revision's, as 1.5 for 150 %."""

    ratio: float

    def __post_init__(self) -> None:
        if not 0 < self.ratio < math.inf:
            raise ValueError(
                f"ratio: found {self.ratio}, expected a finite number above 0; write 150 % as 1.5"
            )


Limit = AbsoluteLimit | RelativeLimit


@dataclass(frozen=True, slots=True)
class Trials:
    """A window as draws: how many, how many were hits, and the hit probability at the limit.

    For an absolute limit each request of the canary is a draw, and a bad one is a hit. For a
    relative limit each bad request is a draw, and one of the canary's is a hit.
    """

    hits: float
    draws: float
    limit: float


def trials(window: Window, limit: Limit) -> Trials:
    """Return the window as draws against the limit.

    At the relative limit r, with the canary's share w of the requests, a bad request is the
    canary's with probability r w / (r w + 1 - w). It is 0 or 1 where only one track has requests;
    such a window is no evidence.

    >>> window = Window(canary=Counts(100, 3), stable=Counts(900, 9))
    >>> trials(window, AbsoluteLimit(0.01))
    Trials(hits=3, draws=100, limit=0.01)
    >>> trials(window, RelativeLimit(1.5))
    Trials(hits=3, draws=12, limit=0.14285714285714285)
    """
    canary, stable = window.canary, window.stable
    if isinstance(limit, AbsoluteLimit):
        return Trials(canary.bad, canary.requests, limit.share)
    at_limit = limit.ratio * canary.requests
    total = at_limit + stable.requests
    return Trials(canary.bad, canary.bad + stable.bad, at_limit / total if total else 0.0)
