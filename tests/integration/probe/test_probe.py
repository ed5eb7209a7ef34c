"""The probe beside a real Triton: it finds dead and hanging models, and gives no false alarm."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from hack.images.local_triton import LocalTriton
from inference_operator.probe.judge import LINGER_SECONDS
from tests.integration.probe.repository import python_model
from tests.integration.probe.running import Probe, infer, kill, probing, stubs, within

pytestmark = pytest.mark.integration
# A pod leaves the endpoints within 15 s. The kubelet asks every 3 s, and may wait 2 s.
DETECTED = 10.0
LOOK = 3.0


@contextmanager
def ready_probe(
    triton: LocalTriton, model: str, folder: Path, first_request: str = "Check"
) -> Iterator[Probe]:
    with probing(triton.http, model, folder, first_request=first_request) as probe:
        within(15, lambda: probe.status("/ready") == 200, probe.log.read_text)
        yield probe


@contextmanager
def clients(
    triton: LocalTriton, model: str, number: int, value: float = 1.0
) -> Iterator[list[int]]:
    """Send requests from several clients, each one after the other; yield their statuses."""
    statuses: list[int] = []
    end = threading.Event()

    def call() -> None:
        while not end.is_set():
            statuses.append(infer(triton.http, model, value, timeout=60))

    with ThreadPoolExecutor(number) as pool:
        for _ in range(number):
            pool.submit(call)
        try:
            yield statuses
        finally:
            end.set()


def unready(probe: Probe) -> bool:
    return probe.status("/ready") == 503


def not_live(probe: Probe) -> bool:
    return probe.status("/live") == 503


def hang(triton: LocalTriton, model: str, value: float) -> None:
    """Send a request on which the model hangs, and do not wait for it."""
    arguments = (triton.http, model, value, 1)
    threading.Thread(target=infer, args=arguments, daemon=True).start()


@pytest.mark.parametrize(("model", "step"), [("killed", "killed"), ("both", "second")])
def test_a_killed_stub_is_found(
    triton: LocalTriton, repository: Path, tmp_path: Path, model: str, step: str
) -> None:
    with ready_probe(triton, model, tmp_path) as probe:
        (process,) = stubs(repository, step)
        kill(process)
        seconds = within(DETECTED, lambda: unready(probe), probe.log.read_text)
        print(f"{model}: not ready after {seconds:.1f} s")
        within(1, lambda: not_live(probe))
        assert infer(triton.http, model) == 500, "Triton itself calls the model ready"


@pytest.mark.parametrize(("model", "value"), [("hangs", 7), ("with_hang", 8)])
def test_a_model_that_hangs_is_found(
    triton: LocalTriton, tmp_path: Path, model: str, value: float
) -> None:
    with ready_probe(triton, model, tmp_path) as probe:
        hang(triton, model, value)
        seconds = within(DETECTED, lambda: unready(probe), probe.log.read_text)
        print(f"{model}: not ready after {seconds:.1f} s")
        assert probe.status("/live") == 200, "a slow model is not restarted at once"
        within(15, lambda: not_live(probe), probe.log.read_text)


def test_one_dead_instance_of_two_is_found(
    triton: LocalTriton, repository: Path, tmp_path: Path
) -> None:
    with ready_probe(triton, "pair", tmp_path) as probe:
        kill(stubs(repository, "pair")[0])
        seconds = within(3 * DETECTED, lambda: unready(probe), probe.log.read_text)
        print(f"one of two: not ready after {seconds:.1f} s")
        assert {infer(triton.http, "pair") for _ in range(8)} == {200, 500}


def test_an_idle_model_looks_idle(triton: LocalTriton, tmp_path: Path) -> None:
    with ready_probe(triton, "idle", tmp_path) as probe:
        time.sleep(4 * LOOK)
        sent = probe.metric("inference_operator_probe_requests_total", model="idle")
        assert 3 <= sent <= 6, "one request each look"
        assert probe.metric("inference_operator_client_requests_total") == 0
        infer(triton.http, "idle")
        within(2 * LOOK, lambda: probe.metric("inference_operator_client_requests_total") == 1)
        own = probe.metric("inference_operator_probe_requests_total", outcome="success")
        assert triton.metric("nv_inference_request_success", model="idle") - own in (0, 1)
        assert probe.rss() < 32 << 20


def test_a_request_to_an_ensemble_is_subtracted_from_each_step(
    triton: LocalTriton, tmp_path: Path
) -> None:
    with ready_probe(triton, "three", tmp_path) as probe:
        time.sleep(LOOK + 1)
        sent = {
            model: probe.metric("inference_operator_probe_requests_total", model=model)
            for model in ("three", "third")
        }
        assert sent["third"] == 3 * sent["three"] >= 6
        assert triton.metric("nv_inference_request_success", model="third") == sent["third"]


def test_a_slow_model_gives_no_false_alarm(triton: LocalTriton, tmp_path: Path) -> None:
    with ready_probe(triton, "slow", tmp_path) as probe, clients(triton, "slow", 6):
        _stays_ready(probe, 20)


def test_a_slow_request_is_no_reason_for_a_restart(triton: LocalTriton, tmp_path: Path) -> None:
    """Zeros are quick, and one request takes 8 s: the pod rests, and is not restarted."""
    with ready_probe(triton, "seldom_slow", tmp_path) as probe:
        time.sleep(LOOK)
        with clients(triton, "seldom_slow", 1, 7.0):
            ends_at = time.monotonic() + 30
            while time.monotonic() < ends_at:
                assert probe.status("/live") == 200, probe.log.read_text()
                time.sleep(0.2)
            # It has learned how slow the model may be.
            _stays_ready(probe, 5)


@pytest.mark.parametrize("seconds", [15, pytest.param(600, marks=pytest.mark.long)])
@pytest.mark.timeout(900)
def test_saturation_gives_no_false_alarm_and_needs_no_requests(
    triton: LocalTriton, tmp_path: Path, seconds: int
) -> None:
    with ready_probe(triton, "busy", tmp_path) as probe, clients(triton, "busy", 16) as statuses:
        time.sleep(LOOK)
        sent = probe.metric("inference_operator_probe_requests_total")
        _stays_ready(probe, seconds)
        assert probe.metric("inference_operator_probe_requests_total") == sent
        assert set(statuses) == {200}


def _stays_ready(probe: Probe, seconds: float) -> None:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        assert (probe.status("/ready"), probe.status("/live")) == (200, 200), probe.log.read_text()
        time.sleep(0.2)


def test_a_model_that_streams_is_left_to_triton(triton: LocalTriton, tmp_path: Path) -> None:
    with ready_probe(triton, "streams", tmp_path) as probe:
        assert "streamed" in probe.log.read_text()
        time.sleep(LOOK + 1)
        assert probe.status("/ready") == 200
        assert probe.metric("inference_operator_probe_asks") == 0


def test_it_starts_over_when_triton_was_restarted(tmp_path: Path) -> None:
    models = tmp_path / "probed" / "models"
    models.mkdir(parents=True)
    python_model(models, "restarted")
    triton = LocalTriton(models)
    with triton, ready_probe(triton, "restarted", tmp_path / "probe") as probe:
        triton.stop()
        # The kubelet sees the end itself, so it needs no failed probe at once.
        within(2 * LOOK + LINGER_SECONDS, lambda: unready(probe), probe.log.read_text)
        within(15, lambda: not_live(probe), probe.log.read_text)
        with triton:
            within(10, lambda: probe.status("/ready") == 200, probe.log.read_text)
            assert probe.status("/live") == 200
