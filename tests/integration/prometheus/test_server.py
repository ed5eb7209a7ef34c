"""A real Prometheus scrapes two pods each second, and its answers are read."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from hack.services.prometheus import LocalPrometheus
from inference_operator.adapters.prometheus.answer_reader import AnswerRefusedError, read_whole
from inference_operator.adapters.prometheus.queries import text
from inference_operator.adapters.prometheus.rows import FamilyRows
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.adapters.prometheus.user_value import UserValue
from inference_operator.api.analysis import Window
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoValue,
    PodName,
    QueryValue,
    Unusable,
)
from tests.integration.prometheus.exporter import Exporter, exporter

SCOPE = Scope(selector='cluster="eu1"')
WINDOW = Window.TEN_SECONDS
PODS = tuple(PodName("shop", f"price-{number}") for number in range(2))
SERIES = 'model="price",version="3"'
_SECONDS = 40


@dataclass(frozen=True, slots=True)
class Scene:
    """A Prometheus, and one exporter for each of `PODS`."""

    prometheus: LocalPrometheus
    exporters: tuple[Exporter, ...]

    def samples(self, family: Family, at: float) -> FamilySamples:
        answer = self.prometheus.query(text(family, [WINDOW], SCOPE), at)
        return read_whole(answer, FamilyRows(family, SCOPE))

    def wait_for(self, family: Family, condition: Callable[[FamilySamples], bool]) -> float:
        """Return the first time at which the answer is so."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            at = time.time()
            if condition(self.samples(family, at)):
                return at
            time.sleep(0.2)
        raise AssertionError(self.samples(family, time.time()))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        exporters = tuple(stack.enter_context(exporter()) for _ in PODS)
        targets = [
            {"targets": [server.address], "labels": {"namespace": pod.namespace, "pod": pod.name}}
            for server, pod in zip(exporters, PODS, strict=True)
        ]
        labels = [{"target_label": "cluster", "replacement": "eu1"}]
        # The second job is a double scrape of the same pods.
        jobs = [
            {"job_name": name, "static_configs": targets, "relabel_configs": labels}
            for name in ("monitor", "annotations")
        ]
        everywhere = {"scrape_interval": "1s", "scrape_timeout": "1s"}
        configuration = {"global": everywhere, "scrape_configs": jobs}
        prometheus = LocalPrometheus(tmp_path / "prometheus", configuration)
        yield Scene(stack.enter_context(prometheus), exporters)


def metrics(requests: int, fast: int) -> str:
    """Return Triton's metrics of a pod: so many requests, `fast` of them within 20 ms."""
    histogram = "nv_inference_first_response_histogram_ms"
    return "\n".join(
        [
            "# TYPE nv_inference_request_success counter",
            f"nv_inference_request_success{{{SERIES}}} {requests}",
            "# TYPE nv_inference_request_failure counter",
            f'nv_inference_request_failure{{{SERIES},reason="BACKEND"}} {requests // 10}',
            "# TYPE nv_inference_pending_request_count gauge",
            f"nv_inference_pending_request_count{{{SERIES}}} 0",
            f"# TYPE {histogram} histogram",
            f'{histogram}_bucket{{{SERIES},le="20"}} {fast}',
            f'{histogram}_bucket{{{SERIES},le="+Inf"}} {requests}',
            f"{histogram}_count{{{SERIES}}} {requests}",
            f"{histogram}_sum{{{SERIES}}} {10 * requests}",
            "",
        ]
    )


def values(answer: FamilySamples, pod: PodName) -> dict[tuple[str, ...], float | Unusable]:
    return {sample.labels: sample.value for sample in answer.samples if sample.pod == pod}


def test_requests_failures_buckets_and_freshness_at_one_time(scene: Scene) -> None:
    for server in scene.exporters:
        server.text = metrics(1000, 1000)
    scene.exporters[0].text = metrics(1100, 1075)
    at = scene.wait_for(Family.REQUESTS, lambda answer: _requests(answer, PODS[0]) == 1100)
    at = scene.wait_for(Family.REQUESTS, lambda answer: _requests(answer, PODS[1]) == 1000)

    answers = {
        family: scene.samples(family, at)
        for family in (Family.REQUESTS, Family.FAILURES, Family.BUCKETS, Family.FRESHNESS)
    }

    for answer in answers.values():
        assert (answer.rows_without_pod, answer.rows_without_window, answer.warnings) == (0, 0, ())
        assert {sample.pod for sample in answer.samples} == set(PODS)
    first, second = PODS
    assert values(answers[Family.REQUESTS], first) == {("price", "3"): 1100}
    assert values(answers[Family.FAILURES], first) == {("price", "3", "BACKEND"): 110}
    buckets = {("price", "20"): 1075, ("price", "+Inf"): 1100}
    assert values(answers[Family.BUCKETS], first) == buckets
    assert values(answers[Family.REQUESTS], second) == {("price", "3"): 1000}
    newest = [float(sample.value) for sample in answers[Family.FRESHNESS].samples]
    assert all(0 <= at - each < 5 for each in newest)


def _requests(answer: FamilySamples, pod: PodName) -> float | Unusable | None:
    return values(answer, pod).get(("price", "3"))


def test_a_pod_that_is_not_scraped_any_more_has_no_row(scene: Scene) -> None:
    for server in scene.exporters:
        server.text = metrics(1000, 1000)
    scene.wait_for(Family.FRESHNESS, lambda answer: len(answer.samples) == len(PODS))
    scene.exporters[1].text = ""
    at = scene.wait_for(Family.FRESHNESS, lambda answer: len(answer.samples) == 1)

    assert [sample.pod for sample in scene.samples(Family.FRESHNESS, at).samples] == [PODS[0]]


def test_a_gauge_that_is_not_a_number(scene: Scene) -> None:
    scene.exporters[0].text = f"nv_inference_pending_request_count{{{SERIES}}} NaN\n"
    at = scene.wait_for(Family.PENDING, lambda answer: bool(answer.samples))

    assert values(scene.samples(Family.PENDING, at), PODS[0]) == {
        ("price", "3"): Unusable.NOT_A_NUMBER
    }


def test_queries_of_users(scene: Scene) -> None:
    scene.exporters[0].text = metrics(1000, 1000)
    at = scene.wait_for(Family.FRESHNESS, lambda answer: bool(answer.samples))

    def value(query: str) -> QueryValue:
        return read_whole(scene.prometheus.query(query, at), UserValue())

    assert value("max(nv_inference_request_success)").value == 1000
    assert value("-scalar(max(nv_inference_request_success))").value == -1000
    assert value("absent_metric").value is NoValue.NO_SERIES
    assert value("0/0").value is NoValue.NOT_A_NUMBER
    several = value('vector(1) or label_replace(vector(1), "a", "b", "", "")')
    assert (several.value, set(several.series)) == (NoValue.AMBIGUOUS, {"{}", '{a="b"}'})
    with pytest.raises(AnswerRefusedError, match="parse error"):
        value("sum(")


def test_it_starts_again_at_the_same_address(scene: Scene) -> None:
    scene.prometheus.stop()
    assert not scene.prometheus.answers()
    scene.prometheus.start()
    assert scene.prometheus.answers()
