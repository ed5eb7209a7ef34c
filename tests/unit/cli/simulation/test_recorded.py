"""Traces of the past: revisions, gaps, restarts and times, from samples as Prometheus answers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from inference_operator.cli.documents import InputError
from inference_operator.cli.simulation.recorded import RecordedTrace, trace_of
from inference_operator.cli.simulation.recorded_windows import Recording
from inference_operator.cli.simulation.trace import Missing, read_trace
from inference_operator.cli.simulation.trace_file import trace_text
from inference_operator.domain.measurement import Family, PodName, Sample
from inference_operator.domain.names import UnitKey

UNIT = UnitKey("InferenceModel", "desk-7", "fx-drift")
PIPELINE = UnitKey("EnsemblePipeline", "desk-7", "fx-drift")
OLD, NEW, THIRD = "aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"
STEP = 60
BEGIN = 1_800_000_000
BUCKETS = {"5": 0.12, "10": 0.72, "20": 0.99, "+Inf": 1.0}


@dataclass(frozen=True)
class Past:
    """A pod whose counters grow by `rate` a second, in evaluation times of `STEP` seconds."""

    revision: str = OLD
    rate: float = 10.0
    errors: float = 0.1
    first: int = 0
    last: int = 1 << 30
    unscraped: Sequence[int] = ()
    restart: int = 1 << 30
    buckets: bool = True
    without: Sequence[Family] = ()
    number: int = 0

    @property
    def pod(self) -> PodName:
        return PodName("desk-7", f"fx-drift-{self.revision}-7d9f4-{self.number}")

    def samples(self, place: int) -> dict[Family, tuple[Sample, ...]]:
        """Return what Prometheus answers for the time: the last scrape."""
        scraped = max(n for n in range(place + 1) if n not in self.unscraped)
        since = self.restart if scraped >= self.restart else self.first
        total = self.rate * STEP * (scraped - since)
        own = ("fx-drift", "1")

        def sample(labels: tuple[str, ...], value: float) -> tuple[Sample, ...]:
            return (Sample(self.pod, None, labels, value),)

        counters = {
            Family.FRESHNESS: sample((), float(BEGIN + STEP * scraped)),
            Family.REQUESTS: sample(own, total * (1 - self.errors)),
            Family.FAILURES: sample((*own, "BACKEND"), total * self.errors),
            Family.REQUEST_TIME: sample(own, total * (1 - self.errors) * 7000),
            Family.QUEUE_TIME: sample(own, total * (1 - self.errors) * 500),
        }
        if self.buckets:
            counters[Family.BUCKETS] = tuple(
                Sample(self.pod, None, ("fx-drift", bound), total * share)
                for bound, share in BUCKETS.items()
            )
        return {f: each for f, each in counters.items() if f not in self.without}


def recording(*pods: Past, windows: int = 40, unit: UnitKey = UNIT) -> Recording:
    times = [BEGIN + STEP * place for place in range(windows + 1)]
    samples: dict[float, Any] = {
        time: {pod.pod: pod.samples(place) for pod in pods if pod.first <= place <= pod.last}
        for place, time in enumerate(times)
    }
    return Recording(unit, times, samples, unit.kind == "EnsemblePipeline")


def made(*pods: Past, **options: Any) -> RecordedTrace:
    return trace_of(recording(*pods, **options), load_time=30)


def test_one_revision_answers_on_both_tracks() -> None:
    recorded = made(Past(), Past(number=1, rate=20))
    rows = recorded.trace.rows

    assert len(rows) == 40
    assert rows[0].time == -900
    assert {round(row.requests_per_second, 6) for row in rows} == {30.0}
    assert all(row.stable == row.canary for row in rows)
    assert rows[0].stable.error_share == pytest.approx(0.1)
    assert rows[0].stable.queue_ms == pytest.approx(0.5)
    assert 5 < rows[0].stable.latency.p50 < 11 < rows[0].stable.latency.p95 < 21
    assert recorded.notes[0].startswith(f"there was one revision, {OLD}: both revisions")


def test_two_revisions_are_stable_and_canary() -> None:
    recorded = made(Past(errors=0.01), Past(NEW, rate=1, errors=0.3, first=20))
    rows = recorded.trace.rows

    # The canary's first sample is 30 s after time 0.
    assert rows[20].time == 30
    assert rows[20].requests_per_second == pytest.approx(11)
    assert (rows[20].stable.error_share, rows[20].canary.error_share) == (
        pytest.approx(0.01),
        pytest.approx(0.3),
    )
    assert rows[5].requests_per_second == pytest.approx(10)
    assert not any(row.missing for row in rows)


@pytest.mark.parametrize(
    ("pods", "missing"),
    [
        ([Past(unscraped=[25])], Missing.ALL),
        ([Past(), Past(number=1, unscraped=[25])], Missing.ALL),
        ([Past(unscraped=[25]), Past(NEW, first=10)], Missing.STABLE),
        ([Past(), Past(NEW, first=10, unscraped=[25])], Missing.CANARY),
    ],
)
def test_a_window_without_a_scrape_of_each_pod_is_missing_and_not_zero(
    pods: list[Past], missing: Missing
) -> None:
    recorded = made(*pods)
    rows = recorded.trace.rows

    assert [place for place, row in enumerate(rows) if row.missing] == [24]
    assert rows[24].missing is missing
    assert rows[24].requests_per_second == pytest.approx(rows[23].requests_per_second)
    # The next window has the requests of both, over the time of both.
    assert rows[25].requests_per_second == pytest.approx(rows[23].requests_per_second)
    assert any("1 of 40 windows are not measured" in note for note in recorded.notes)


def test_a_family_that_is_missing_is_not_zero() -> None:
    """No failures in the answer are no failures that are known to be 0."""
    with pytest.raises(InputError, match="has no window with requests and their times"):
        made(Past(without=[Family.FAILURES]))


def test_a_pod_that_has_ended_is_not_missed() -> None:
    recorded = made(Past(), Past(number=1, last=20))
    rows = recorded.trace.rows

    assert not any(row.missing for row in rows)
    assert (rows[10].requests_per_second, rows[30].requests_per_second) == (20.0, 10.0)


def test_last_values_of_a_pod_that_has_ended_are_no_life_of_it() -> None:
    """Prometheus answers with them for five minutes."""
    recorded = made(Past(), Past(number=1, last=25, unscraped=range(21, 40)))

    assert not any(row.missing for row in recorded.trace.rows)


def test_counters_that_begin_again_are_counted_from_0() -> None:
    recorded = made(Past(restart=20))
    rates = {round(row.requests_per_second, 6) for row in recorded.trace.rows}

    # At the time of the restart its counters are 0: nothing is known to be asked.
    assert rates == {10.0, 0.0}
    assert "counters began again 1 time, as after a restart of Triton" in recorded.notes


def test_without_a_histogram_each_request_takes_the_mean() -> None:
    recorded = made(Past(buckets=False))
    latency = recorded.trace.rows[0].stable.latency

    assert not recorded.has_histogram
    assert (latency.p50, latency.p95) == (pytest.approx(7.0), pytest.approx(7.0))


def test_requests_without_their_times_do_not_make_the_others_fast() -> None:
    untimed = Past(number=1, rate=30, buckets=False, without=[Family.REQUEST_TIME])
    recorded = made(Past(buckets=False), untimed)
    assert recorded.trace.rows[5].stable.latency.p50 == pytest.approx(7)


def test_an_idle_service_has_no_trace() -> None:
    with pytest.raises(InputError, match="revision aaaaaaaaaa of InferenceModel/desk-7/fx-drift"):
        made(Past(rate=0))


def test_a_canary_without_requests_has_no_trace() -> None:
    with pytest.raises(InputError, match=r"revision bbbbbbbbbb .* has no window with requests"):
        made(Past(), Past(NEW, rate=0, first=5))


def test_three_revisions_are_refused_with_their_names() -> None:
    with pytest.raises(InputError, match="found 3 revisions") as refused:
        made(Past(), Past(NEW, first=5), Past(THIRD, first=9))
    assert all(name in str(refused.value) for name in (OLD, NEW, THIRD, "--at and --since"))


def test_two_revisions_from_the_beginning_on_have_no_order() -> None:
    with pytest.raises(InputError, match=r"from the beginning on.*enlarge --since"):
        made(Past(), Past(NEW))


def test_a_pipeline_has_no_time_in_the_queue() -> None:
    """Its own time there is about 0, since its models wait."""
    past = recording(Past(), unit=PIPELINE)
    for by_pod in past.samples.values():
        for pod, samples in by_pod.items():
            extra = Sample(pod, None, ("price", "3"), 1.0)
            samples[Family.REQUESTS] += (extra,)  # type: ignore[index]
    rows = trace_of(past, 30).trace.rows

    assert rows[0].stable.queue_ms is None
    assert "queue" not in trace_text(trace_of(past, 30).trace)


def test_a_saved_trace_is_read_as_it_was() -> None:
    trace = made(Past(), Past(NEW, rate=1, errors=0.3, first=20, unscraped=[30])).trace
    read = read_trace(trace_text(trace), "saved.csv")

    assert trace_text(read) == trace_text(trace)
    assert [row.missing for row in read.rows] == [row.missing for row in trace.rows]
    assert all(
        math.isclose(left.requests_per_second, right.requests_per_second, rel_tol=1e-5)
        for left, right in zip(read.rows, trace.rows, strict=True)
    )
