"""Methods that send requests in turn, so that other load affects all methods equally."""

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.ensemble.clients import Row

Way = Callable[[Row], object]


def latencies(ways: Mapping[str, Way], rows: Sequence[Row], rounds: int) -> dict[str, Any]:
    """Return milliseconds of each way with 1 client: once in each round, with the same row.

    `ratio` is the median over the rounds of the first way's time divided by each other's.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways)
    for number in range(-10, rounds):
        row = rows[number % len(rows)]
        for name in order:
            begun = time.perf_counter()
            ways[name](row)
            if number >= 0:
                times[name].append((time.perf_counter() - begun) * 1000)
        order.append(order.pop(0))
    first = np.array(times[next(iter(ways))])
    return {
        name: {
            "p50": _rounded(np.percentile(samples, 50)),
            "p95": _rounded(np.percentile(samples, 95)),
            "ratio": _rounded(np.median(first / np.array(samples))),
            "samples": len(samples),
        }
        for name, samples in times.items()
    }


@dataclass(frozen=True, slots=True)
class Schedule:
    """In each of `rounds` every way has the machine for `seconds`, and `clients` at it."""

    clients: int
    rounds: int
    seconds: float


def throughputs(ways: Mapping[str, Way], rows: Sequence[Row], turns: Schedule) -> dict[str, Any]:
    """Return requests a second of each way.

    `ratio` is the median over the rounds of the first way's rate divided by each other's.
    """
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns.rounds):
        for name, way in ways.items():
            rates[name].append(_rate(way, rows, turns))
    first = np.array(next(iter(rates.values())))
    return {
        name: {
            "requests": _rounded(np.median(samples)),
            "ratio": _rounded(np.median(first / np.array(samples))),
            "rounds": [_rounded(rate) for rate in samples],
        }
        for name, samples in rates.items()
    }


def _rate(way: Way, rows: Sequence[Row], turns: Schedule) -> float:
    counts = [0] * turns.clients
    failures: list[Exception] = []
    begun = time.perf_counter()

    def work(at: int) -> None:
        try:
            for row in itertools.islice(itertools.cycle(rows), at * 7, None):
                if failures or time.perf_counter() - begun > turns.seconds:
                    return
                way(row)
                counts[at] += 1
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(at,)) for at in range(turns.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(counts) / (time.perf_counter() - begun)


def _rounded(value: Any) -> float:
    return round(float(value), 3)
