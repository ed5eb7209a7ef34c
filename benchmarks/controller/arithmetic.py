"""The arithmetic of the results."""

import math
import statistics
from collections.abc import Sequence


def distribution(seconds: Sequence[float]) -> dict[str, float]:
    """Return the number of samples, and p50, p99 and the slowest in milliseconds."""
    return {
        "samples": len(seconds),
        "p50Ms": statistics.median(seconds) * 1e3,
        "p99Ms": percentile(seconds, 0.99) * 1e3,
        "slowestMs": max(seconds) * 1e3,
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def exponent(times: tuple[float, float], factor: float) -> float:
    """Return e for times that grow as n to the power of e, when n grows by the factor."""
    return math.log(times[1] / times[0]) / math.log(factor)


def ratio(value: float | None, base: float | None) -> float | None:
    """Return value / base; None if either is missing, or the base is 0."""
    return value / base if value is not None and base else None
