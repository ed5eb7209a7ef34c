"""Loads of a fixed number of requests; the ways take turns, and are compared round by round."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from hack.services.server_process import ServerProcess

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Load:
    """The figures of some requests: seconds in all, of each, and of CPU by process name."""

    seconds: float
    latencies: tuple[float, ...]
    cpu: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Return requests a second.

        >>> Load(2.0, (0.5,) * 4, {}).rate
        2.0
        """
        return len(self.latencies) / self.seconds

    def percentile(self, percent: int) -> float:
        """Return a latency in seconds.

        >>> Load(1.0, (0.1, 0.2, 0.3), {}).percentile(50)
        0.2
        """
        return quantiles(self.latencies, n=100, method="inclusive")[percent - 1]

    def cpu_ms(self, name: str) -> float:
        """Return the CPU milliseconds of a process for each request.

        >>> Load(1.0, (0.1,) * 10, {"gateway": 0.006}).cpu_ms("gateway")
        0.6
        """
        return 1000 * self.cpu[name] / len(self.latencies)


async def load(
    call: Call, count: int, in_flight: int, processes: Mapping[str, ServerProcess] | None = None
) -> Load:
    """Make `count` calls, so many at a time, and return what they took."""
    numbers, latencies = iter(range(count)), []

    async def caller(left: Iterator[int]) -> None:
        for _ in left:
            began = time.perf_counter()
            await call()
            latencies.append(time.perf_counter() - began)

    watched = processes or {}
    before = {name: each.cpu_seconds() for name, each in watched.items()}
    began = time.perf_counter()
    await asyncio.gather(*(caller(numbers) for _ in range(in_flight)))
    seconds = time.perf_counter() - began
    cpu = {name: each.cpu_seconds() - before[name] for name, each in watched.items()}
    return Load(seconds, tuple(latencies), cpu)


Way = Callable[[], Awaitable[Load]]


async def in_turn(ways: Mapping[str, Way], rounds: int) -> dict[str, list[Load]]:
    """Return the loads of all ways, one of each in a round; the first one changes."""
    made: dict[str, list[Load]] = {name: [] for name in ways}
    names = list(ways)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            made[name].append(await ways[name]())
    return made


def ratio(of: Sequence[float], to: Sequence[float]) -> dict[str, Any]:
    """Return the median of the rounds' ratios, and the ratio of each round.

    >>> ratio([1.0, 2.0, 6.0], [2.0, 2.0, 2.0])
    {'median': 1.0, 'rounds': [0.5, 1.0, 3.0]}
    """
    ratios = [value / other for value, other in zip(of, to, strict=True)]
    return {"median": round(median(ratios), 3), "rounds": [round(each, 3) for each in ratios]}
