"""Candidate rules, each over many rollouts at once.

`sequential` has the formulas of `model_builders.statistics` in arrays. A test compares both.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.analysis.readings import Windows, differences, increases
from benchmarks.analysis.traffic import Floats, Traces
from model_builders.statistics.counts import AbsoluteLimit, Limit, RelativeLimit
from model_builders.statistics.dispersion import MOST_INFLATION
from model_builders.statistics.evidence import FACTORS
from model_builders.statistics.judgement import ALPHA, wider
from model_builders.statistics.wilson import Z_95

Flags = NDArray[np.bool_]

MIN_SAMPLES = 100
LIMITS: tuple[tuple[str, Limit], ...] = (
    ("errors", AbsoluteLimit(0.01)),
    ("errors", RelativeLimit(1.5)),
    ("slow", AbsoluteLimit(0.05)),
    ("slow", RelativeLimit(1.5)),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Times at which each rollout was taken back (s; infinite if never) and passed, likewise."""

    failed: Floats
    passed: Floats


Rule = Callable[[Windows], Outcome]


@dataclass(frozen=True, slots=True)
class Sequential:
    """Evidence over disjoint windows; stops at 1 / ALPHA.

    `is_estimated` takes the inflation from the stable version before the canary, and at most
    `inflation`. `is_single_number` multiplies the mean ratios of the windows, in place of the mean
    of the multiplied ratios.
    """

    inflation: float = 1.0
    is_estimated: bool = False
    is_single_number: bool = False

    def __call__(self, windows: Windows) -> Outcome:
        goal = math.log(1 / ALPHA)
        fails, passes = [], []
        for metric, limit in LIMITS:
            above, _ = sequential(windows, (metric, limit), self)
            _, below = sequential(windows, (metric, wider(limit)), self)
            fails.append(first_time(above >= goal, windows.ends))
            passes.append(first_time(below >= goal, windows.ends))
        return Outcome(np.min(fails, axis=0), np.max(passes, axis=0))


@dataclass(frozen=True, slots=True)
class Counted:
    """So many failing windows of the last ones, by the point estimate or Wilson's lower bound."""

    failures: int = 2
    out_of: int = 3
    z: float = 0.0

    def __call__(self, windows: Windows) -> Outcome:
        enough = np.minimum(*windows.requests()) >= MIN_SAMPLES
        failing = np.zeros_like(enough)
        for metric, limit in LIMITS:
            hits, draws, null = trials(windows, metric, limit)
            lower = _wilson_lower(np.floor(hits), np.floor(draws), self.z)
            failing |= enough & (lower > null)
        return _counted(failing, windows, (self.failures, self.out_of))


@dataclass(frozen=True, slots=True)
class Percentile:
    """The interpolated p95 may be at most 110 % of the stable one; and errors by point estimate."""

    failures: int = 3
    out_of: int = 5

    def __call__(self, windows: Windows) -> Outcome:
        enough = np.minimum(*windows.requests()) >= MIN_SAMPLES
        canary, stable = windows.percentiles(0.95)
        failing = enough & (canary > 1.1 * stable)
        for metric, limit in LIMITS[:2]:
            hits, draws, null = trials(windows, metric, limit)
            failing |= enough & (hits > null * draws)
        return _counted(failing, windows, (self.failures, self.out_of))


def trials(windows: Windows, metric: str, limit: Limit) -> tuple[Floats, Floats, Floats]:
    """Return hits, draws and the hit probability at the limit, as `counts.trials` does."""
    (bad, stable_bad), (requests, stable_requests) = windows.bad(metric), windows.requests()
    if isinstance(limit, AbsoluteLimit):
        return bad, requests, np.full_like(requests, limit.share)
    at_limit = limit.ratio * requests
    total = np.maximum(at_limit + stable_requests, 1e-300)
    return bad, bad + stable_bad, at_limit / total


def sequential(
    windows: Windows, judged: tuple[str, Limit], rule: Sequential
) -> tuple[Floats, Floats]:
    """Return the logarithms of the evidence above and below after each window."""
    hits, draws, null = trials(windows, *judged)
    divisor = (
        inflation(windows, judged[0], rule.inflation)[:, None, None]
        if rule.is_estimated
        else np.array(rule.inflation)
    )
    misses = draws - hits
    above = (np.floor(hits), np.floor(hits) + np.ceil(misses))
    below = (np.ceil(hits), np.ceil(hits) + np.floor(misses))
    factors = np.array(FACTORS)
    return (
        _evidence(above, null, factors, (divisor, rule.is_single_number)),
        _evidence(below, null, 1 / factors, (divisor, rule.is_single_number)),
    )


def _evidence(
    counts: tuple[Floats, Floats],
    null: Floats,
    factors: Floats,
    settings: tuple[Floats, bool],
) -> Floats:
    divisor, is_single_number = settings
    hits, draws = counts
    ratios = hits[..., None] * np.log(factors) - draws[..., None] * np.log1p(
        (factors - 1) * null[..., None]
    )
    ratios = np.where(((null == 0) | (null == 1))[..., None], 0.0, ratios)
    ratios /= divisor
    if is_single_number:
        return np.asarray(np.cumsum(_log_mean(ratios), axis=1))
    return _log_mean(np.cumsum(ratios, axis=1))


def _log_mean(logarithms: Floats) -> Floats:
    largest = logarithms.max(axis=-1)
    return np.asarray(largest + np.log(np.mean(np.exp(logarithms - largest[..., None]), axis=-1)))


def inflation(windows: Windows, metric: str, most: float) -> Floats:
    """Return Pearson's dispersion of the stable version before the canary, from 1 to `most`."""
    bad, requests = windows.bad_before(metric)
    share = bad.sum(axis=1, keepdims=True) / np.maximum(requests.sum(axis=1, keepdims=True), 1)
    variance = np.maximum(requests * share * (1 - share), 1e-12)
    squares = np.sum((bad - requests * share) ** 2 / variance, axis=1)
    estimate = np.clip(squares / (bad.shape[1] - 1), 1, most)
    return np.asarray(np.where((share[:, 0] > 0) & (share[:, 0] < 1), estimate, most))


def _wilson_lower(hits: Floats, draws: Floats, z: float) -> Floats:
    count = np.maximum(draws, 1)
    share = hits / count
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    lower = (share + z * z / (2 * count) - half) / (1 + z * z / count)
    return np.asarray(np.where(draws > 0, lower, 0.0))


def _counted(failing: Flags, windows: Windows, counts: tuple[int, int]) -> Outcome:
    failures, out_of = counts
    total = np.cumsum(failing.astype(np.int64), axis=1)
    total[:, out_of:] -= total[:, :-out_of].copy()
    failed = first_time(total >= failures, windows.ends)
    return Outcome(failed, np.where(np.isinf(failed), windows.ends[:, -1], np.inf))


def first_time(flags: Flags, ends: Floats) -> Floats:
    """Return the end of the first window with the flag, or infinity."""
    index = flags.argmax(axis=1)
    return np.where(flags.any(axis=1), ends[np.arange(len(ends)), index], np.inf)


def _by_increase(seconds: int) -> Callable[[Traces], Windows]:
    return partial(increases, window=seconds)


# What each rule reads, and how it judges.
CANDIDATES: dict[str, tuple[Callable[[Traces], Windows], Rule]] = {
    "point estimate, 2 of 3 windows of 60 s": (_by_increase(60), Counted()),
    "interpolated p95 and errors, point estimates, 3 of 5 of 60 s": (
        _by_increase(60),
        Percentile(),
    ),
    "Wilson lower bound, 2 of 3 of 60 s": (_by_increase(60), Counted(z=Z_95)),
    "Wilson lower bound, 2 of 3 of 30 s": (_by_increase(30), Counted(z=Z_95)),
    "evidence, `increase` over 60 s": (_by_increase(60), Sequential()),
    "evidence, `increase` over 30 s": (_by_increase(30), Sequential()),
    "evidence, differences, one number": (differences, Sequential(is_single_number=True)),
    "evidence, differences": (differences, Sequential()),
    "evidence, differences, inflation 3": (differences, Sequential(3)),
    "**evidence, differences, estimated inflation**": (
        differences,
        Sequential(MOST_INFLATION, True),
    ),
}
SHIPPED = list(CANDIDATES)[-1]
