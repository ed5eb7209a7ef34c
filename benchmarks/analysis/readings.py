"""Windows of counts as Prometheus answers them: by `increase`, or by differences of counters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.analysis.traffic import (
    BOUNDS,
    BUCKETS,
    ERRORS,
    REQUESTS,
    SECONDS,
    SLOW_MS,
    Floats,
    Traces,
)

# Seconds from a scrape until a query sees it.
DELAY = 2


@dataclass(frozen=True, slots=True)
class Windows:
    """Disjoint windows: counts of (rollouts, windows, columns), and the sweep's times, in s."""

    canary: Floats
    stable: Floats
    ends: Floats
    history: Floats

    def bad(self, metric: str) -> tuple[Floats, Floats]:
        """Return the bad requests of canary and stable: `errors`, or `slow` ones."""
        return _bad(self.canary, metric), _bad(self.stable, metric)

    def bad_before(self, metric: str) -> tuple[Floats, Floats]:
        """Return the stable version's bad requests, and all, in windows before the canary."""
        return _bad(self.history, metric), self.history[..., REQUESTS]

    def requests(self) -> tuple[Floats, Floats]:
        return self.canary[..., REQUESTS], self.stable[..., REQUESTS]

    def percentiles(self, share: float) -> tuple[Floats, Floats]:
        """Return the interpolated percentile of each window of canary and stable, in ms."""
        return _percentile(self.canary, share), _percentile(self.stable, share)


def differences(traces: Traces) -> Windows:
    """Return the differences of the newest counters between one sweep and the next.

    There is a sweep in each scrape interval. The first is before the canary gets requests.
    """
    ends = _ends(traces, traces.scrape, -1)
    return Windows(
        np.diff(_newest(traces, traces.canary, ends), axis=1),
        np.diff(_newest(traces, traces.stable, ends), axis=1),
        ends[:, 1:],
        traces.history,
    )


def increases(traces: Traces, window: int) -> Windows:
    """Return `increase(counter[window])`, with a sweep at the end of each window."""
    ends = _ends(traces, window, 1)
    width = (ends - DELAY, window)
    canary = _increase(traces, traces.canary, width)
    return Windows(canary, _increase(traces, traces.stable, width), ends, traces.history)


def _ends(traces: Traces, every: int, first: int) -> Floats:
    return traces.sweep_phases[:, None] + every * np.arange(first, SECONDS // every)[None, :]


def _times(traces: Traces, counters: Floats) -> Floats:
    return traces.canary_times if counters is traces.canary else traces.stable_times


def _indices(times: Floats, at: Floats, scrape: int) -> NDArray[np.int64]:
    """Return the index of the newest scrape until each time."""
    newest = np.floor((at - times[:, :1]) / scrape).astype(np.int64)
    return np.clip(newest, 0, times.shape[1] - 1)


def _newest(traces: Traces, counters: Floats, ends: Floats) -> Floats:
    rows = np.arange(counters.shape[0])[:, None]
    index = _indices(_times(traces, counters), ends - DELAY, traces.scrape)
    return np.asarray(counters[rows, index])


def _increase(traces: Traces, counters: Floats, window: tuple[Floats, int]) -> Floats:
    """Extrapolate as Prometheus does, to the window's ends but not below a counter of 0.

    A range holds scrapes after its start and until its end. A gap of more than 1.1 mean distances
    is extended by half of a distance only.
    """
    end, width = window
    times = _times(traces, counters)
    rows = np.arange(counters.shape[0])[:, None]
    last = _indices(times, end, traces.scrape)
    first = _indices(times, end - width, traces.scrape) + 1
    first = np.where(times[:, :1] > end - width, 0, first)
    grown = counters[rows, last] - counters[rows, first]
    sampled = (times[rows, last] - times[rows, first])[..., None]
    distance = np.maximum(sampled / np.maximum(last - first, 1)[..., None], 1e-9)
    before = (times[rows, first] - (end - width))[..., None] * np.ones_like(grown)
    after = (end - times[rows, last])[..., None]
    before = np.where(before >= 1.1 * distance, distance / 2, before)
    after = np.where(after >= 1.1 * distance, distance / 2, after)
    until_zero = sampled * counters[rows, first] / np.maximum(grown, 1e-9)
    before = np.where(grown > 0, np.minimum(before, until_zero), before)
    has_two = (last > first)[..., None]
    factor = (sampled + before + after) / np.maximum(sampled, 1e-9)
    return np.asarray(np.where(has_two, grown * factor, 0.0))


def _bad(counts: Floats, metric: str) -> Floats:
    if metric == "errors":
        return counts[..., ERRORS]
    until = counts[..., BUCKETS + BOUNDS.index(SLOW_MS)]
    return np.asarray(np.clip(counts[..., REQUESTS] - until, 0, counts[..., REQUESTS]))


def _percentile(counts: Floats, share: float) -> Floats:
    """Interpolate inside the bucket, as `histogram_quantile` does."""
    buckets = counts[..., BUCKETS:]
    rank = share * buckets[..., -1]
    index = np.sum(buckets < rank[..., None], axis=-1)
    uppers = np.array([*BOUNDS, BOUNDS[-1]])
    lowers = np.array([0.0, *BOUNDS])
    padded = np.concatenate([np.zeros((*buckets.shape[:-1], 1)), buckets], axis=-1)
    low = np.take_along_axis(padded, index[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(padded, index[..., None] + 1, axis=-1)[..., 0]
    part = (rank - low) / np.maximum(high - low, 1e-9)
    return np.asarray(lowers[index] + part * (uppers[index] - lowers[index]))
