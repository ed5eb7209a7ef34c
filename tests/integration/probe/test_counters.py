"""Triton's counters and what they leave out, on a real Triton 2.51 (24.10).

The judgement of a canary rests on each of these. This version has no histogram of latencies.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
from tritonclient.utils import InferenceServerException

from hack.images.local_triton import LocalTriton
from tests.integration.probe.repository import python_model
from tests.integration.probe.running import infer, probing, within

pytestmark = pytest.mark.integration
OUTCOMES = ("nv_inference_request_success", "nv_inference_request_failure")
DURATION = "nv_inference_request_duration_us"
QUEUE = "nv_inference_queue_duration_us"
PENDING = "nv_inference_pending_request_count"


class Growth:
    """The growth of a model's series since now."""

    def __init__(self, triton: LocalTriton, model: str) -> None:
        self._triton, self._model = triton, model
        self._before = self._samples()

    def _samples(self) -> dict[str, float]:
        label = f'model="{self._model}"'
        samples = self._triton.samples()
        return {series: value for series, value in samples.items() if label in series}

    def of(self, *names: str) -> dict[str, float]:
        """Return the growth of those series that grew, of the metrics with these names."""
        grown = {}
        for series, value in self._samples().items():
            growth = value - self._before.get(series, 0.0)
            if growth and series.partition("{")[0] in names:
                grown[series] = growth
        return grown

    def outcomes(self) -> dict[str, float]:
        """Return how many requests succeeded or failed, by the other labels."""
        label = f'model="{self._model}",'
        return {
            series.removeprefix("nv_inference_request_").replace(label, ""): growth
            for series, growth in self.of(*OUTCOMES).items()
        }

    def wait_for(self, outcomes: dict[str, float]) -> None:
        """Wait until the outcomes are exactly these: they are counted after the answer is sent."""
        within(5, lambda: self.outcomes() == outcomes, lambda: str(self.outcomes()))


def test_a_pipeline_reports_its_requests_as_version_1_and_failures_twice(
    triton: LocalTriton,
) -> None:
    pipeline, tail = Growth(triton, "numbered"), Growth(triton, "tail")
    assert [infer(triton.http, "numbered", first) for first in (1, 2, 3)] == [200] * 3
    # The first step makes zeros of this, which the second one refuses.
    assert [infer(triton.http, "numbered", -1) for _ in range(2)] == [500] * 2

    pipeline.wait_for(
        {
            'success{version="1"}': 3,
            'failure{reason="OTHER",version="1"}': 2,
            'failure{reason="OTHER",version="7"}': 2,
        }
    )
    durations = pipeline.of(DURATION)
    assert list(durations) == [f'{DURATION}{{model="numbered",version="1"}}']
    # Three requests, of which each took two steps of 0.2 s. The failed ones add nothing.
    assert 3 * 0.4e6 <= durations.popitem()[1] < 5 * 0.4e6
    assert sum(tail.of(DURATION).values()) >= 5 * 0.2e6


def test_a_pipeline_s_queue_is_that_of_its_steps(triton: LocalTriton) -> None:
    pipeline, head = Growth(triton, "numbered"), Growth(triton, "head")
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(infer, triton.http, "numbered") for _ in range(4)]
        within(5, lambda: triton.metric(PENDING, model="head") >= 2)
        assert triton.metric(PENDING, model="numbered") == 0
        assert [answer.result() for answer in answers] == [200] * 4
    pipeline.wait_for({'success{version="1"}': 4})
    assert sum(pipeline.of(QUEUE).values()) < 1000
    assert sum(head.of(QUEUE).values()) > 0.2e6


def test_the_mean_latency_knows_successes_only(triton: LocalTriton) -> None:
    growth = Growth(triton, "raises")
    assert infer(triton.http, "raises", 0) == 500
    growth.wait_for({'failure{reason="BACKEND",version="1"}': 1})
    assert growth.of(DURATION, QUEUE) == {}


def test_an_error_that_a_python_model_answers_is_counted_as_a_success(triton: LocalTriton) -> None:
    """A pipeline sees it, as above; for a model alone, Triton's counters do not."""
    growth = Growth(triton, "tail")
    assert infer(triton.http, "tail", 0) == 500
    growth.wait_for({'success{version="1"}': 1})
    assert sum(growth.of(DURATION).values()) >= 0.2e6


@pytest.mark.parametrize(
    "body",
    [
        '{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]}',
        '{"inputs": [{"name": "z", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]}',
        '{"inputs": [{"name": "x", "datatype": "INT32", "shape": [1, 4], "data": [1, 2, 3, 4]}]}',
        '{"inputs": [',
    ],
    ids=["shape", "name", "data type", "JSON"],
)
def test_a_request_that_is_refused_before_it_is_scheduled_is_not_counted(
    triton: LocalTriton, body: str
) -> None:
    growth = Growth(triton, "first")
    url = f"http://{triton.http}/v2/models/first/infer"
    with pytest.raises(urllib.error.HTTPError, match=r"HTTP Error (400|500)"):
        urllib.request.urlopen(url, body.encode(), timeout=5)
    assert infer(triton.http, "first") == 200
    growth.wait_for({'success{version="1"}': 1})


def test_a_request_that_finds_the_queue_full_is_not_counted(triton: LocalTriton) -> None:
    growth = Growth(triton, "full")
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: infer(triton.http, "full"), range(6)))
    answered = statuses.count(200)
    assert answered < 6, statuses
    growth.wait_for({'success{version="1"}': answered})


def give_up_over_http(triton: LocalTriton) -> None:
    assert infer(triton.http, "tail", timeout=0.05) == 0


def give_up_over_grpc(triton: LocalTriton) -> None:
    tensor = triton_grpc.InferInput("x", [1, 4], "FP32")
    tensor.set_data_from_numpy(np.ones((1, 4), np.float32))
    with (
        triton_grpc.InferenceServerClient(triton.grpc) as client,
        pytest.raises(InferenceServerException, match="Deadline"),
    ):
        client.infer("tail", [tensor], client_timeout=0.05)


@pytest.mark.parametrize("give_up", [give_up_over_http, give_up_over_grpc])
def test_a_client_that_gives_up_is_counted_as_a_slow_success(
    triton: LocalTriton, give_up: Callable[[LocalTriton], None]
) -> None:
    growth = Growth(triton, "tail")
    give_up(triton)
    growth.wait_for({'success{version="1"}': 1})
    assert sum(growth.of(DURATION).values()) >= 0.2e6


def test_a_warm_up_is_counted_before_the_first_client(triton: LocalTriton) -> None:
    # The sample has two rows. Triton counts each of them as a request.
    assert triton.metric("nv_inference_request_success", model="warmed") == 2
    assert triton.metric("nv_inference_exec_count", model="warmed") == 1


def test_the_probe_s_requests_are_counted_and_its_own_metrics_say_how_many(
    triton: LocalTriton, tmp_path: Path
) -> None:
    """Nobody calls: an idle pod still has a request each 3 s."""
    growth = Growth(triton, "numbered")
    with probing(triton.http, "numbered", tmp_path, version=7) as probe:
        within(15, lambda: probe.status("/ready") == 200, probe.log.read_text)
        time.sleep(7)
        own = probe.metric("inference_operator_probe_requests_total", model="numbered")
        assert own >= 3
        assert probe.metric("inference_operator_client_requests_total") == 0
        within(5, lambda: sum(growth.outcomes().values()) in (own, own + 1))


def test_it_has_no_histogram_of_latencies(triton: LocalTriton) -> None:
    assert not [series for series in triton.samples() if "_bucket" in series]


def test_counters_stand_still_without_counter_latencies(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    # Long enough that a scrape on a busy machine sees requests that wait.
    python_model(models, "frozen", seconds=1.0)
    with LocalTriton(models, extra_args=["--metrics-config=counter_latencies=false"]) as triton:
        growth = Growth(triton, "frozen")
        with ThreadPoolExecutor(3) as pool:
            answers = [pool.submit(infer, triton.http, "frozen") for _ in range(3)]
            # The one metric that this option leaves.
            within(5, lambda: triton.metric(PENDING, model="frozen") >= 1)
            assert [answer.result() for answer in answers] == [200] * 3
        time.sleep(1)
        assert growth.of(*OUTCOMES, "nv_inference_count", "nv_inference_exec_count") == {}
        assert triton.metric("nv_inference_request_success", model="frozen") == 0
