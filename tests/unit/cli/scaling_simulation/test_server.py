"""Tests of the simulated Triton against formulas of queueing theory."""

from collections.abc import Sequence
from random import Random

import pytest

from inference_operator.cli.scaling_simulation.server import Server
from inference_operator.cli.scaling_simulation.service import Service


def served(
    service: Service, rate: float, seconds: int = 2_000, bounds: Sequence[int] = ()
) -> tuple[Server, list[float]]:
    """Return a server after independent requests at a rate, and their latencies."""
    chance, latencies, at = Random(7), [], 0.0
    server = Server(service, 0.0, Random(8), bounds)
    for second in range(1, seconds + 1):
        while (at := at + chance.expovariate(rate)) < second:
            server.receive(at, lambda _, latency: latencies.append(latency))
        server.receive(at, lambda _, latency: latencies.append(latency))
        server.serve(float(second), lambda _, latency: latencies.append(latency))
    server.serve(seconds * 10.0, lambda _, latency: latencies.append(latency))
    return server, latencies


@pytest.mark.parametrize(
    ("spread", "factor"), [(1.0, 1.0), (0.0, 0.5)], ids=["exponential", "fixed"]
)
@pytest.mark.parametrize("used", [0.3, 0.7])
def test_the_mean_wait_is_that_of_a_queue_with_one_server(
    spread: float, factor: float, used: float
) -> None:
    """Pollaczek and Khinchine: used / (1 - used) x service time, half of it for a fixed one."""
    service = Service(base=0.05, item=0.0, max_batch=1, spread=spread)
    server, latencies = served(service, used / 0.05, seconds=4_000)
    counters = server.counters
    mean_wait = counters.queue_us / counters.succeeded / 1e6
    assert mean_wait == pytest.approx(factor * 0.05 * used / (1 - used), rel=0.12)
    assert counters.busy / 4_000 == pytest.approx(used, rel=0.05)
    assert counters.request_us / 1e6 == pytest.approx(sum(latencies), rel=1e-6)


def test_two_instances_wait_as_in_a_queue_with_two_servers() -> None:
    """Erlang C of two servers, each used to 0.7: they wait 0.7² / (1 - 0.7²) service times."""
    service = Service(base=0.05, item=0.0, max_batch=1, spread=1.0, instances=2)
    server, _ = served(service, 2 * 0.7 / 0.05, seconds=4_000)
    mean_wait = server.counters.queue_us / server.counters.succeeded / 1e6
    assert mean_wait == pytest.approx(0.05 * 0.49 / 0.51, rel=0.12)


def test_batches_grow_under_load_up_to_the_largest() -> None:
    service = Service(base=0.04, item=0.005, max_batch=8)
    sizes = []
    for rate in (2.0, 40.0, 80.0, 150.0):
        counters = served(service, rate, seconds=100)[0].counters
        sizes.append(counters.succeeded / counters.executions)
    assert sizes == sorted(sizes)
    assert sizes[0] < 1.2
    assert 7.9 < sizes[-1] <= 8.0


@pytest.mark.parametrize(
    ("arrivals", "latencies"),
    [
        ([1.0], [0.12]),
        ([1.0, 1.01], [0.13, 0.12]),
        ([1.0, 1.01, 1.015, 1.018], [0.058, 0.048, 0.043, 0.04]),
        ([1.0, 1.2], [0.12, 0.12]),
    ],
    ids=["alone", "joined", "full", "late"],
)
def test_a_batch_waits_for_others_until_it_is_full_or_the_delay_is_over(
    arrivals: list[float], latencies: list[float]
) -> None:
    service = Service(base=0.0, item=0.01, max_batch=4, delay=0.11)
    server, measured = Server(service, 0.0, Random(1)), []
    for arrival in arrivals:
        server.receive(arrival, lambda _, latency: measured.append(latency))
    server.serve(2.0, lambda _, latency: measured.append(latency))
    assert measured == pytest.approx(latencies)


def test_a_batch_that_is_formed_ahead_is_not_joined_by_later_requests() -> None:
    server, measured = Server(Service(0.1, 0.0, max_batch=4), 0.0, Random(1)), []
    for arrival in (0.0, 0.01, 0.02, 0.03):
        server.serve(arrival, lambda _, latency: measured.append(latency))
        server.receive(arrival, lambda _, latency: measured.append(latency))
    server.serve(0.05, lambda _, latency: measured.append(latency))
    assert (server.pending(0.05), server.pending(0.15)) == (3, 2)
    server.serve(1.0, lambda _, latency: measured.append(latency))
    assert measured == pytest.approx([0.1, 0.19, 0.28, 0.27])


def test_requests_beyond_the_queue_s_limit_fail_and_are_counted() -> None:
    server, failed = Server(Service(0.1, 0.0, queue_limit=2), 0.0, Random(1)), []
    for arrival in (0.1, 0.2, 0.3):
        server.receive(arrival, lambda at, latency: failed.append((at, latency)))
    assert failed == [(0.3, float("inf"))]
    assert (server.counters.failed, server.pending(0.0)) == (1, 2)


def test_the_histogram_has_each_request_once_by_its_whole_ms() -> None:
    service = Service(base=0.02, item=0.002, max_batch=4)
    server, latencies = served(service, 60.0, seconds=50, bounds=(25, 50))
    slow = [sum(latency * 1000 >= limit for latency in latencies) for limit in (26, 51)]
    assert server.counters.buckets == [len(latencies) - slow[0], slow[0] - slow[1], slow[1]]
    assert all(server.counters.buckets)


def test_a_sick_server_is_slower_by_its_factor() -> None:
    server, measured = Server(Service(0.1, 0.0), 0.0, Random(1)), []
    server.slowness = 3.0
    server.receive(0.0, lambda _, latency: measured.append(latency))
    server.serve(1.0, lambda _, latency: measured.append(latency))
    assert measured == pytest.approx([0.3])
