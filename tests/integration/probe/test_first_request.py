"""The first request: its outputs are compared with the configuration, and a failure is reported."""

from pathlib import Path

import pytest

from hack.images.local_triton import LocalTriton
from inference_operator.probe.command import REPORTED
from tests.integration.probe.running import infer, kill, probing, stubs, within

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("model", "reason", "sentence"),
    [
        ("wide", "OutputMismatch", "output y has shape [1, 3], expected [1, 4]"),
        ("torchscript", "OutputMismatch", "output y__0 has shape [1, 1], expected [1, 3]"),
        ("refuses", "FirstRequestFailed", "with an error: a price is zero; it was sent zeros"),
    ],
)
def test_a_failed_first_request_is_reported_once(
    triton: LocalTriton, tmp_path: Path, model: str, reason: str, sentence: str
) -> None:
    with probing(triton.http, model, tmp_path) as probe:
        assert probe.process.wait(15) == REPORTED
        report = probe.report()
    assert report["reason"] == reason
    assert sentence in report["message"]
    assert f"model {model} version 1" in report["message"]
    (tmp_path / "termination-log").unlink()
    with probing(triton.http, model, tmp_path) as again:
        log = again.log
        within(15, lambda: _since_start(log).count(reason) >= 2, log.read_text)
        assert again.status("/ready") == 503
        assert again.status("/live") == 200, "a restart of Triton would not help"
        assert again.process.poll() is None
    assert not (tmp_path / "termination-log").exists()


def _since_start(log: Path) -> str:
    """Return what the second process logged."""
    parts = log.read_text().split('"message": "probing"')
    return parts[2] if len(parts) > 2 else ""


@pytest.mark.parametrize("model", ["wide", "refuses"])
def test_a_first_request_may_be_ignored(triton: LocalTriton, tmp_path: Path, model: str) -> None:
    with probing(triton.http, model, tmp_path, first_request="Ignore") as probe:
        within(15, lambda: probe.status("/ready") == 200, probe.log.read_text)


def test_a_model_that_refuses_zeros_is_found_dead(
    triton: LocalTriton, repository: Path, tmp_path: Path
) -> None:
    with probing(triton.http, "refuses", tmp_path, first_request="Ignore") as probe:
        within(15, lambda: probe.status("/ready") == 200, probe.log.read_text)
        assert infer(triton.http, "refuses") == 200
        kill(stubs(repository, "refuses")[0])
        within(10, lambda: probe.status("/ready") == 503, probe.log.read_text)


def test_the_warm_up_sample_is_asked(triton: LocalTriton, tmp_path: Path) -> None:
    rows = triton.metric("nv_inference_count", model="warm")
    with probing(triton.http, "warm", tmp_path) as probe:
        within(15, lambda: probe.status("/ready") == 200, probe.log.read_text)
        # Triton counts the rows of a request.
        assert triton.metric("nv_inference_count", model="warm") == rows + 2
        cost = probe.metric("inference_operator_probe_first_request_seconds")
        print(f"the first request took {cost * 1000:.1f} ms")
