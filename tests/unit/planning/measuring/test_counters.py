"""Windows of counters: when they end, and what they hold."""

from datetime import timedelta

import pytest

from inference_operator.domain.analysis import MeasuredTrack
from inference_operator.domain.measurement import Family
from inference_operator.planning.measuring.counters import growth
from inference_operator.planning.measuring.probes import Probes, without_probes
from inference_operator.planning.measuring.totals import Totals, totals_of
from tests.unit.planning.analysis.judging_harness import NOON, Bench, Server, metric_of, settings

REQUESTS, OTHERS = (Family.REQUESTS, ("m", "1")), (Family.REQUESTS, ("m", "2"))


@pytest.mark.parametrize(
    ("before", "after", "grown"),
    [
        ({REQUESTS: 5.0}, {REQUESTS: 5.0}, {REQUESTS: 0.0}),
        ({REQUESTS: 5.0}, {REQUESTS: 9.0, OTHERS: 7.0}, {REQUESTS: 4.0}),
        ({REQUESTS: 5.0, OTHERS: 1.0}, {REQUESTS: 9.0}, {REQUESTS: 4.0}),
        (
            {REQUESTS: 100.0, OTHERS: 1.0},
            {REQUESTS: 3.0, OTHERS: 2.0},
            {REQUESTS: 3.0, OTHERS: 2.0},
        ),
        ({REQUESTS: 100.0}, {REQUESTS: 51.0}, None),
        ({}, {REQUESTS: 51.0}, {}),
    ],
)
def test_only_what_has_two_ends_grows(before: object, after: object, grown: object) -> None:
    assert growth(before, after) == grown  # type: ignore[arg-type]


def test_a_boundary_that_a_pod_lacks_is_not_zero() -> None:
    both = Totals(buckets={5.0: 1, 20.0: 2}).plus(Totals(buckets={20.0: 7}))

    assert both.buckets == {20.0: 9}
    assert Totals().plus(Totals(buckets={20.0: 7})).buckets == {20.0: 7}


def test_pods_of_a_unit_share_the_keys_of_their_counters() -> None:
    bench = Bench(settings())
    bench.begin()
    assert bench.memory is not None
    rows = [pod.last.rows for name, pod in bench.memory.pods.items() if name.startswith("stable")]

    assert len(rows) == 3
    assert len({id(row) for of_pod in rows for row in of_pod}) == len(rows[0]) > 1


def test_requests_before_a_pod_has_settled_do_not_count() -> None:
    bench = Bench(settings(initialDelay="60s"), canary_since=NOON + timedelta(minutes=8))
    bench.begin()
    ready = bench.canary_since
    while bench.now < ready + timedelta(seconds=60):
        result = bench.run(1, canary=(150, 150))
        assert not result.evidence or metric_of(result).samples == 0

    result = bench.run(3, canary=(150, 0))

    assert 0 < metric_of(result).samples <= 450
    assert result.evidence[0].bad == 0


def test_the_default_delay_is_the_time_that_the_pod_took_to_start() -> None:
    given = settings().model_copy(update={"initial_delay": None})
    bench = Bench(given, canary_since=NOON + timedelta(minutes=8))
    bench.begin()

    result = bench.run(3)

    assert metric_of(result).samples > 0


def test_a_scrape_that_only_one_pod_has_waits_for_the_others() -> None:
    bench = Bench(canary=[Server("canary-0"), Server("canary-1")])
    bench.begin()
    bench.serve((100, 0))
    bench.now += timedelta(seconds=5)
    for server in (*bench.stable, bench.canary[0]):
        server.scrape(bench.now)
    waiting = bench.judge()
    bench.now += timedelta(seconds=5)
    bench.canary[1].scrape(bench.now)
    complete = bench.judge()

    assert [evidence.samples for evidence in waiting.evidence] == [0]
    assert metric_of(complete).samples == 200


def test_a_pod_that_is_not_scraped_holds_the_others_up_for_two_scrapes_only() -> None:
    bench = Bench(canary=[Server("canary-0"), Server("canary-1")])
    bench.begin()
    bench.run(1)
    for _ in range(2):
        bench.serve((100, 0))
        bench.now += timedelta(seconds=10)
        for server in (*bench.stable, bench.canary[0]):
            server.scrape(bench.now)
        result = bench.judge()

    assert metric_of(result).samples == 300 + 200


def test_pods_that_end_and_begin_are_counted_by_what_is_known() -> None:
    bench = Bench()
    bench.begin()
    bench.run(2)
    bench.canary = [Server("canary-9")]
    bench.canary[0].serve(10**6, 10**6)

    starting = bench.pass_time()
    result = bench.run(2)

    assert metric_of(starting).samples == 300
    assert metric_of(result).samples == 600
    assert result.evidence[0].bad == 0


def test_the_memory_of_a_unit_of_another_uid_or_stable_revision_is_not_kept() -> None:
    bench = Bench()
    bench.begin()
    bench.run(2)
    assert bench.memory is not None
    assert len(bench.memory.history) > 20

    bench.stable_name = "ccc"
    bench.judge()

    assert bench.memory.history == ()


def test_batches_are_those_of_models_that_have_both_counts() -> None:
    track = MeasuredTrack("aaa", "m", 1)
    grown = {
        (Family.REQUESTS, ("m", "1")): 10.0,
        (Family.INFERENCES, ("m", "1")): 40.0,
        (Family.INFERENCES, ("m", "2")): 20.0,
        (Family.EXECUTIONS, ("m", "1")): 12.0,
        (Family.INFERENCES, ("other", "1")): 5.0,
    }
    totals = totals_of(grown, track, "pod", 15.0)

    assert totals.batches == {"m": (60.0, 12.0)}
    assert totals.plus(totals).batches == {"m": (120.0, 24.0)}


def test_the_sidecar_s_requests_leave_the_batches_as_they_are() -> None:
    totals = Totals(successes=5.0, batches={"m": (60.0, 12.0)})
    clients, _ = without_probes(totals, Probes({}, successes=4.0), "pod")

    assert clients.batches == {"m": (60.0, 12.0)}
