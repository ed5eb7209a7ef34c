"""Measurements of a simulated cluster: what Prometheus answers about its pods."""

from datetime import timedelta
from random import Random

from inference_operator.adapters.prometheus.needs import Needs
from inference_operator.api.analysis import Window
from inference_operator.cli.simulation.measurements import Measurements, ServedPod
from inference_operator.cli.simulation.operator import BEGIN
from inference_operator.cli.simulation.requests import Behaviour, Latency
from inference_operator.domain.measurement import (
    Family,
    NoAnswer,
    NoValue,
    PodName,
    QueryValue,
    Sweep,
)

INTERVAL = 15.0
BEHAVIOUR = Behaviour(0.5, Latency(8.0, 15.0), queue_ms=1.0)


def pod(name: str, revision: str = "a1", *, is_pipeline: bool = False) -> ServedPod:
    return ServedPod(PodName("desk-7", name), revision, "fx-drift", 7, is_pipeline)


class World:
    """Prometheus, and pods that answer 60 requests a second each."""

    def __init__(self, *pods: ServedPod, bounds: tuple[int, ...] = (10,)) -> None:
        self.pods = pods
        self.measurements = Measurements(bounds, INTERVAL, Random(1))
        self.measurements.keep(pods)
        self.second = 0

    def play(self, seconds: int, missing: frozenset[str] = frozenset()) -> None:
        for _ in range(seconds):
            self.second += 1
            for revision in {each.revision for each in self.pods}:
                pods = [each for each in self.pods if each.revision == revision]
                self.measurements.add(revision, 60.0 * len(pods), BEHAVIOUR)
            now = BEGIN + timedelta(seconds=self.second)
            self.measurements.scrape(now, self.second, missing)

    async def sweep(self) -> Sweep:
        needs = Needs(tuple(Family), tuple(Window), ("up",))
        return await self.measurements.read(needs, BEGIN + timedelta(seconds=self.second))

    async def values(self, family: Family, name: str = "fx-0") -> dict[tuple[str, ...], float]:
        samples = (await self.sweep()).by_pod.get(PodName("desk-7", name), {}).get(family, ())
        return {sample.labels: float(sample.value) for sample in samples}


async def test_counters_grow_and_the_time_of_the_scrape_is_told() -> None:
    world = World(pod("fx-0"))
    world.play(15)
    first, at = await world.values(Family.REQUESTS), await world.values(Family.FRESHNESS)
    world.play(15)
    second, later = await world.values(Family.REQUESTS), await world.values(Family.FRESHNESS)

    labels = ("fx-drift", "7")
    # Half of 900 requests fail; five standard deviations.
    assert abs(second[labels] - first[labels] - 450) < 110
    assert later[()] - at[()] == INTERVAL
    assert BEGIN.timestamp() < at[()] <= BEGIN.timestamp() + 15


async def test_pods_are_scraped_at_times_of_their_own() -> None:
    world = World(*(pod(f"fx-{number}") for number in range(8)))
    world.play(15)
    times = {(await world.values(Family.FRESHNESS, f"fx-{n}"))[()] for n in range(8)}

    assert len(times) > 4


async def test_a_histogram_counts_all_requests_that_are_faster_than_each_bound() -> None:
    world = World(pod("fx-0"), bounds=(5, 10))
    world.play(15)
    buckets = await world.values(Family.BUCKETS)
    total = sum((await world.values(Family.REQUESTS)).values())
    failed = (await world.values(Family.FAILURES))["fx-drift", "7", "BACKEND"]

    assert list(buckets) == [("fx-drift", "5"), ("fx-drift", "10"), ("fx-drift", "+Inf")]
    assert sorted(buckets.values()) == list(buckets.values())
    assert buckets["fx-drift", "+Inf"] == total + failed


async def test_a_pipeline_reports_requests_as_version_1_and_each_failure_twice() -> None:
    world = World(pod("fx-0", is_pipeline=True))
    world.play(15)
    failures = await world.values(Family.FAILURES)

    assert list(await world.values(Family.REQUESTS)) == [("fx-drift", "1")]
    assert failures["fx-drift", "1", "BACKEND"] == failures["fx-drift", "7", "BACKEND"] > 0


async def test_pods_that_are_not_scraped_have_no_series_and_come_back() -> None:
    world = World(pod("fx-0"), pod("fx-9", "b2"))
    world.play(15)
    world.play(15, frozenset({"b2"}))
    assert (await world.sweep()).by_pod.keys() == {PodName("desk-7", "fx-0")}

    world.play(15)
    assert (await world.sweep()).by_pod.keys() == {each.name for each in world.pods}


async def test_an_outage_answers_no_query() -> None:
    world = World(pod("fx-0"))
    world.play(15)
    world.measurements.answers = False
    sweep = await world.sweep()

    assert sweep.by_pod == {}
    assert sweep.families.keys() == set(Family)
    answers = [*sweep.families.values(), *sweep.queries.values()]
    assert all(isinstance(each, NoAnswer) for each in answers)


async def test_a_new_pod_begins_to_count_at_0() -> None:
    world = World(pod("fx-0"))
    world.play(15)
    before = world.measurements.counted()["a1"]
    world.measurements.keep([])
    world.measurements.keep([pod("fx-0")])

    assert (await world.sweep()).by_pod == {}
    assert before.succeeded + before.failed > 800
    assert not any(each.succeeded for each in world.measurements.counted().values())


async def test_what_the_trace_does_not_tell_has_no_samples() -> None:
    world = World(pod("fx-0"), bounds=())
    world.play(15)
    sweep = await world.sweep()
    assert sweep.queries == {"up": QueryValue(NoValue.NO_SERIES)}

    for family in (Family.BUCKETS, Family.GPU_UTILIZATION, Family.GATEWAY_BUCKETS):
        answer = sweep.families[family]
        assert not isinstance(answer, NoAnswer)
        assert answer.samples == ()
    assert len(await world.values(Family.REQUESTS)) == 1


async def test_a_sweep_sees_the_last_scrape_before_its_time() -> None:
    world = World(pod("fx-0"))
    world.play(45)
    last = (await world.values(Family.FRESHNESS))[()]
    world.second = int(last - BEGIN.timestamp()) - 1
    before = (await world.values(Family.FRESHNESS))[()]

    assert last - before == INTERVAL
