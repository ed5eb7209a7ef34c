"""Simulated requests: as many, as bad and as slow as the trace says, on average."""

import math
import statistics
from random import Random

import pytest

from inference_operator.cli.simulation.requests import Behaviour, Counters, Latency, poisson

BOUNDS = (5, 10, 20)


@pytest.mark.parametrize("mean", [0.02, 3.0, 49.0, 51.0, 1e6])
def test_counts_have_the_mean_and_the_variance_of_independent_requests(mean: float) -> None:
    chance = Random(7)
    drawn = [poisson(mean, chance) for _ in range(20_000)]

    # Five standard errors of 20,000 draws.
    assert statistics.fmean(drawn) == pytest.approx(mean, abs=5 * math.sqrt(mean / 20_000))
    assert statistics.variance(drawn) == pytest.approx(mean, rel=0.1)


def test_requests_fail_and_are_slow_as_often_as_the_trace_says() -> None:
    counters = Counters()
    behaviour = Behaviour(0.1, Latency(8.0, 16.0), queue_ms=2.0)
    counters.serve(1e6, behaviour, BOUNDS, Random(3))
    total = counters.succeeded + counters.failed

    assert counters.failed / total == pytest.approx(0.1, rel=0.02)
    assert sum(counters.buckets) == total
    # A bound of 20 has what takes less than 21 ms.
    slow = 1 - Latency(8.0, 16.0).share_up_to(21.0)
    assert counters.buckets[-1] / total == pytest.approx(slow, rel=0.05)
    mean_us = counters.request_us / counters.succeeded
    assert mean_us == pytest.approx(1000 * Latency(8.0, 16.0).mean, rel=0.01)
    assert counters.queue_us == pytest.approx(2000 * counters.succeeded)


def test_without_a_histogram_requests_are_counted_all_the_same() -> None:
    counters = Counters()
    counters.serve(1e4, Behaviour(0.5, Latency(8.0, 8.0)), (), Random(3))

    assert counters.buckets == []
    assert counters.failed == pytest.approx(5000, rel=0.1)
    assert counters.request_us == pytest.approx(8000 * counters.succeeded)
