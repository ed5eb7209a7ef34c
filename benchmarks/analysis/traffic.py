"""Requests of a stable revision and its canary, and the counters that Prometheus scrapes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

# The canary's share of the requests, and the seconds of the step.
STEPS = ((0.10, 300), (0.25, 300), (0.50, 300))
SECONDS = sum(seconds for _, seconds in STEPS)
# Seconds for which a burst lasts.
SLOT = 15
# Windows of 15 s, before the canary, of which the stable version's dispersion is estimated.
HISTORY = 60
# Upper bounds of the histogram's buckets in ms; the last bucket has none.
BOUNDS = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
SLOW_MS = 20.0
REQUESTS, ERRORS, BUCKETS = 0, 1, 2  # Columns of the counters; BUCKETS is the first of them.
MEDIAN_MS, SPREAD = 8.0, 0.4


@dataclass(frozen=True, slots=True)
class Version:
    """A version's share of failed requests, and its latency as a multiple of the stable one's.

    It is that bad from second `since` on, and as good as the stable version before.
    """

    errors: float = 0.005
    latency: float = 1.0
    since: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """Requests a second of both tracks, and whether they are overdispersed.

    Overdispersed means: every 15 s the rate of both tracks varies by 30 %, and that of each by
    another 30 %; latencies vary by 15 % in common and by 5 % in each track; failures come in
    groups of two on average, with a geometric distribution, so their variance is threefold.
    `scrape` is the scrape interval in seconds, 15 or a divisor of it.
    """

    rate: float
    bursts: bool = False
    scrape: int = 15


@dataclass(frozen=True, slots=True)
class Traces:
    """Cumulative counters, (rollouts, scrapes, columns), and times, (rollouts, scrapes).

    Columns are the requests, the failed ones, and the cumulative buckets. `history` are the counts
    of the stable version in windows of 15 s before the canary, (rollouts, windows, columns).
    """

    canary: Floats
    stable: Floats
    canary_times: Floats
    stable_times: Floats
    sweep_phases: Floats
    scrape: int
    history: Floats


STABLE = Version()


def draw(version: Version, load: Load, rollouts: int, seed: int) -> Traces:
    """Draw the counters of so many rollouts; equal arguments give equal counters."""
    chance = np.random.default_rng(seed)
    noise = _Noise(chance, rollouts, load, SECONDS // SLOT + 2)
    shared_rate = noise.rates(0.3)
    shared_latency = noise.latencies(0.15)
    counters, times = [], []
    for is_canary in (True, False):
        phases = chance.uniform(0, load.scrape, rollouts)
        # The first scrape is before the first request: it shows counters of 0.
        at = phases[:, None] + load.scrape * np.arange(-1, noise.scrapes - 1)[None, :]
        seconds = _canary_seconds(at, load.scrape)
        if not is_canary:
            seconds = _overlap(at, load.scrape, (0, SECONDS)) - seconds
        requests = chance.poisson(load.rate * seconds * shared_rate * noise.rates(0.3))
        is_bad = (at - load.scrape >= version.since) & is_canary
        errors = np.where(is_bad, version.errors, STABLE.errors)
        scale = np.log(np.where(is_bad, version.latency, STABLE.latency))
        columns = [
            requests,
            _failures(chance, requests, errors, load.bursts),
            *np.moveaxis(
                _buckets(chance, requests, scale + shared_latency + noise.latencies(0.05)), -1, 0
            ),
        ]
        counters.append(np.cumsum(np.stack(columns, axis=-1), axis=1).astype(np.float64))
        times.append(at)
    phases = chance.uniform(0, load.scrape, rollouts)
    history = _history(chance, rollouts, load)
    return Traces(counters[0], counters[1], times[0], times[1], phases, load.scrape, history)


def _history(chance: np.random.Generator, rollouts: int, load: Load) -> Floats:
    noise = _Noise(chance, rollouts, Load(load.rate, load.bursts, SLOT), HISTORY)
    requests = chance.poisson(load.rate * SLOT * noise.rates(0.3) * noise.rates(0.3))
    errors = _failures(chance, requests, np.full(requests.shape, STABLE.errors), load.bursts)
    scale = noise.latencies(0.15) + noise.latencies(0.05)
    buckets = np.moveaxis(_buckets(chance, requests, scale), -1, 0)
    return np.stack([requests, errors, *buckets], axis=-1).astype(np.float64)


class _Noise:
    """Multiples of rates and of latencies, which last for 15 s, as (rollouts, scrapes)."""

    def __init__(self, chance: np.random.Generator, rollouts: int, load: Load, slots: int) -> None:
        self._chance, self._bursts = chance, load.bursts
        self._repeat = SLOT // load.scrape
        self._shape = (rollouts, slots)
        self.scrapes = slots * self._repeat

    def rates(self, variation: float) -> Floats:
        """Draw numbers with mean 1 and this coefficient of variation."""
        if not self._bursts:
            return np.ones((self._shape[0], self.scrapes))
        drawn = self._chance.gamma(variation**-2, variation**2, self._shape)
        return np.repeat(drawn, self._repeat, axis=1)

    def latencies(self, deviation: float) -> Floats:
        """Draw logarithms of a multiple."""
        drawn = self._chance.normal(0, deviation if self._bursts else 0, self._shape)
        return np.repeat(drawn, self._repeat, axis=1)


def _overlap(at: Floats, scrape: int, step: tuple[int, int]) -> Floats:
    """Return how many seconds before each scrape belong to the step."""
    return np.clip(at, *step) - np.clip(at - scrape, *step)


def _canary_seconds(at: Floats, scrape: int) -> Floats:
    """Return the seconds before each scrape, weighted with the canary's share."""
    total = np.zeros_like(at)
    begin = 0
    for share, seconds in STEPS:
        total += share * _overlap(at, scrape, (begin, begin + seconds))
        begin += seconds
    return total


def _failures(
    chance: np.random.Generator, requests: NDArray[np.int64], share: Floats, bursts: bool
) -> NDArray[np.int64]:
    if not bursts:
        return chance.binomial(requests, share)
    groups = chance.poisson(requests * share / 2)
    others = chance.negative_binomial(np.maximum(groups, 1), 0.5)
    return np.minimum(groups + np.where(groups > 0, others, 0), requests)


def _buckets(
    chance: np.random.Generator, requests: NDArray[np.int64], log_scale: Floats
) -> NDArray[np.int64]:
    """Draw cumulative buckets of lognormal latencies: (rollouts, scrapes, bounds + 1)."""
    medians = np.log(MEDIAN_MS) + log_scale
    below = ndtr((np.log(BOUNDS)[None, None, :] - medians[..., None]) / SPREAD)
    padded = np.concatenate(
        [np.zeros((*below.shape[:2], 1)), below, np.ones((*below.shape[:2], 1))], axis=-1
    )
    return np.cumsum(chance.multinomial(requests, np.diff(padded, axis=-1)), axis=-1)
