"""The sidecar's requests are no client's: a canary that nobody calls has none."""

from datetime import timedelta

from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.measurement import Family
from tests.unit.planning.analysis.judging_harness import Bench, Server, settings


def probe(server: Server, requests: int, outcome: str = "success") -> None:
    """Let the sidecar send requests, which Triton counts, too."""
    if outcome == "success":
        server.serve(requests)
    else:
        server.serve(requests, failed=requests)
    server.add(Family.PROBES, requests, outcome)


def served(bench: Bench, rounds: int, clients: int, probes: int, outcome: str = "success") -> None:
    """Serve, scrape each pod and judge, again and again."""
    for _ in range(rounds):
        for server in (*bench.stable, *bench.canary):
            server.serve(clients)
            probe(server, probes, outcome)
            server.scrape(bench.now)
        bench.judge()
        bench.now += timedelta(seconds=15)


def test_a_canary_that_only_its_sidecar_calls_has_no_samples() -> None:
    bench = Bench(settings(minSamples=50))
    for server in (*bench.stable, *bench.canary):
        probe(server, 0)
    served(bench, 60, clients=0, probes=5)
    (errors,) = bench.judge().metrics
    assert (errors.verdict, errors.samples) == (Verdict.LOW_TRAFFIC, 0)


def test_failures_of_the_sidecar_alone_take_no_version_back() -> None:
    bench = Bench(settings(minSamples=50))
    for server in (*bench.stable, *bench.canary):
        probe(server, 0, "failure")
    served(bench, 60, clients=0, probes=5, outcome="failure")
    assert bench.judge().verdict is Verdict.LOW_TRAFFIC


def test_clients_count_beside_the_sidecar() -> None:
    bench = Bench(settings(minSamples=50))
    for server in (*bench.stable, *bench.canary):
        probe(server, 0)
    served(bench, 20, clients=10, probes=5)
    (errors,) = bench.judge().metrics
    # The first scrape only starts the count.
    assert errors.samples == 19 * 10


def test_a_sidecar_that_is_scraped_late_adds_a_request_or_two() -> None:
    bench = Bench(settings(minSamples=50))
    (canary,) = bench.canary
    for server in (*bench.stable, canary):
        probe(server, 0)
    for _ in range(60):
        for server in (*bench.stable, canary):
            server.serve(1)
            server.scrape(bench.now)
            # Triton's scrape had this request already.
            server.add(Family.PROBES, 1, "success")
        bench.judge()
        bench.now += timedelta(seconds=15)
    (errors,) = bench.judge().metrics
    assert errors.samples <= 2
