"""Counts and latencies of the last window, for the JSON of `/api/v1/metrics`.

Latencies lie in buckets that grow by 2 %, so a percentile is off by 1 % at most. Windows of several
workers can be added up.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any

_GROWTH = math.log(1.02)
_SLOTS = 60
_MOST_SERIES = 500
SMALLEST_SECONDS = 1e-6


@dataclass(slots=True)
class Tally:
    """Latencies of requests in seconds, and how many of them failed."""

    count: int = 0
    failed: int = 0
    total: float = 0.0
    least: float = math.inf
    most: float = 0.0
    buckets: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float, failed: bool) -> None:
        self.count += 1
        self.failed += failed
        self.total += seconds
        self.least, self.most = min(self.least, seconds), max(self.most, seconds)
        self.buckets[round(math.log(max(seconds, SMALLEST_SECONDS)) / _GROWTH)] += 1

    def merge(self, other: "Tally") -> None:
        self.count += other.count
        self.failed += other.failed
        self.total += other.total
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)
        self.buckets.update(other.buckets)

    def quantile(self, share: float) -> float:
        """Return the latency in seconds that `share` of the requests did not exceed."""
        rank = max(1, math.ceil(share * self.count))
        passed = 0
        for bucket in sorted(self.buckets):
            passed += self.buckets[bucket]
            if passed >= rank:
                return min(max(math.exp(bucket * _GROWTH), self.least), self.most)
        raise ValueError("a quantile of no requests")

    def figures(self, seconds: float) -> dict[str, Any]:
        """Return the reference's figures; those of latency are left out without any request.

        >>> tally = Tally()
        >>> tally.add(0.010, failed=False)
        >>> tally.figures(60.0)["latency_ms"]["p50"]
        10.0
        """
        succeeded = self.count - self.failed
        figures: dict[str, Any] = {
            "total_requests": self.count,
            "successful_requests": succeeded,
            "failed_requests": self.failed,
            "requests_per_second": round(self.count / seconds, 4),
        }
        if self.count:
            figures["success_rate"] = round(succeeded / self.count, 6)
            figures["error_rate"] = round(self.failed / self.count, 6)
            figures["latency_ms"] = {
                "avg": _milliseconds(self.total / self.count),
                "min": _milliseconds(self.least),
                "max": _milliseconds(self.most),
                **{f"p{p}": _milliseconds(self.quantile(p / 100)) for p in (50, 95, 99)},
            }
        return figures


@dataclass(frozen=True, slots=True)
class Series:
    """The series that a request counts in."""

    route: str
    model: str
    version: str


Slot = dict[Series, Tally]


class Window:
    """Tallies of the last `seconds`, in 60 slots; the oldest slot goes as a whole."""

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time, began: float | None = None
    ) -> None:
        """`began` is when the program did, if that was before this process."""
        self.seconds, self._clock = seconds, clock
        self._began = clock() if began is None else began
        self._slots: deque[tuple[int, Slot]] = deque()

    def add(self, series: Series, seconds: float, failed: bool) -> None:
        number = self._number()
        if not self._slots or self._slots[-1][0] != number:
            self._slots.append((number, {}))
            self._forget(number)
        tallies = self._slots[-1][1]
        if series not in tallies and len(tallies) >= _MOST_SERIES:
            series = Series(series.route, "other", "other")
        tallies.setdefault(series, Tally()).add(seconds, failed)

    def slots(self) -> list[tuple[int, Slot]]:
        """Return the numbers and the tallies of the slots that have any, the oldest first."""
        self._forget(self._number())
        return list(self._slots)

    def tallies(self, others: Iterable[Slot] = ()) -> Mapping[Series, Tally]:
        """Return the sum over the window of each series, with the slots of other workers."""
        sums: dict[Series, Tally] = {}
        for tallies in (*(tallies for _, tallies in self.slots()), *others):
            for series, tally in tallies.items():
                sums.setdefault(series, Tally()).merge(tally)
        return sums

    def oldest(self) -> int:
        """Return the number of the oldest slot of the window."""
        return self._number() - _SLOTS + 1

    def covered(self) -> float:
        """Return the seconds that the window holds: less than its length after a start."""
        return max(1.0, min(self.seconds, self._clock() - self._began))

    def figures(self, others: Iterable[Slot] = ()) -> dict[str, Any]:
        """Return the figures of all requests, and those by route, model and version."""
        tallies, covered = self.tallies(others), self.covered()
        return {
            "window_seconds": round(covered, 1),
            **_sum(tallies.values()).figures(covered),
            "series": [
                {
                    "route": series.route,
                    "model": series.model,
                    "version": series.version,
                    **tally.figures(covered),
                }
                for series, tally in sorted(tallies.items(), key=lambda pair: _order(pair[0]))
            ],
        }

    def _number(self) -> int:
        return int(self._clock() / (self.seconds / _SLOTS))

    def _forget(self, number: int) -> None:
        while self._slots and self._slots[0][0] <= number - _SLOTS:
            self._slots.popleft()


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.merge(tally)
    return total


def _order(series: Series) -> tuple[str, str, str]:
    return series.route, series.model, series.version


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
