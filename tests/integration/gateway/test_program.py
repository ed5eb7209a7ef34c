"""The gateway as people start it: a process, a settings file, and a real Triton behind it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hack.images.local_triton import LocalTriton
from hack.services.server_process import free_ports
from tests.integration.gateway.processes import ended
from tests.integration.serving.models import lay_out

pytestmark = pytest.mark.integration
_READY_SECONDS = 60.0


def bars(count: int = 60) -> list[list[float]]:
    close = 100 * 1.001 ** np.arange(count)
    rows = np.stack([close, close * 1.01, close * 0.99, close, np.full(count, 1e6)], axis=1)
    return [[float(value) for value in row] for row in rows]


def call(address: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Return the status and the body of an answer."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://{address}{path}", content, {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else text.decode()
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a Triton and a gateway; yield the gateway's address."""
    folder = tmp_path_factory.mktemp("gateway")
    names = ("lstm_price_predictor", "sentiment_transformer", "ensemble_predictor")
    (port,) = free_ports(1)
    with LocalTriton(lay_out(folder / "models", names)) as triton:
        settings = {
            "environment": "local",
            "server": {"port": port},
            "storage": {"cache_dir": str(folder / "cache")},
            "triton": {"targets": {"triton": {"address": triton.grpc, "balance": "pick_first"}}},
        }
        file = folder / "settings.yaml"
        file.write_text(json.dumps(settings))
        environment = {**os.environ, "CONFIG_PATH": str(file), "PYTHONPATH": "operator:."}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "serving.gateway"], env=environment, stderr=log, stdout=log
            )
            try:
                _await(f"127.0.0.1:{port}", process, folder / "log")
                yield f"127.0.0.1:{port}"
            finally:
                process.terminate()
                # uvicorn ends its work, and then by the signal that it got.
                assert process.wait(timeout=20) in (0, -signal.SIGTERM)


def _await(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if call(address, "/ready")[0] == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"not ready: {call(address, '/ready')}\n{log.read_text()}")


def test_a_price_has_its_interval_confidence_and_version(gateway: str) -> None:
    body = {"symbol": "FX", "ohlcv_data": bars()}
    status, answer = call(gateway, "/api/v1/predict/price", body)

    assert status == 200, answer
    change = 1 + (1.001**59 - 1) / 10
    assert answer["predicted_price"] == pytest.approx(bars()[-1][3] * change, rel=1e-5)
    assert answer["interval"]["lower"] < answer["predicted_price"] < answer["interval"]["upper"]
    assert answer["model_version"] == "3"


def test_a_text_and_an_ensemble_are_answered(gateway: str) -> None:
    status, rated = call(gateway, "/api/v1/predict/sentiment", {"text": "profits rose"})
    assert status == 200, rated
    assert -1 <= rated["sentiment"] <= 1
    body = {"symbol": "FX", "ohlcv_data": bars(), "news_text": "profits rose"}
    status, answer = call(gateway, "/api/v1/predict/ensemble", body)
    assert status == 200, answer
    assert answer["final_prediction"] > 0


def test_models_metadata_and_figures_are_those_of_triton(gateway: str) -> None:
    status, models = call(gateway, "/api/v1/models")
    assert status == 200, models
    assert "lstm_price_predictor" in json.dumps(models)
    status, metadata = call(gateway, "/api/v1/models/lstm_price_predictor/metadata")
    assert status == 200, metadata
    assert "ohlcv" in json.dumps(metadata)
    status, text = call(gateway, "/metrics")
    assert status == 200
    assert "inference_gateway" in text


def test_bad_bars_are_refused_with_a_remedy(gateway: str) -> None:
    body = {"symbol": "FX", "ohlcv_data": bars()[:59]}
    status, problem = call(gateway, "/api/v1/predict/price", body)

    assert status == 422, problem
    assert problem["remedy"]


def test_a_version_that_does_not_serve_is_a_conflict(gateway: str) -> None:
    body = {"symbol": "FX", "ohlcv_data": bars()}
    path = "/api/v1/models/lstm_price_predictor/versions/9/predict/price"
    status, problem = call(gateway, path, body)

    assert (status, problem["reason"]) == (409, "VersionNotServed")


def test_settings_that_are_wrong_are_told_before_the_port_opens(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("{server: {port: 0}, lag: {calendar: XNYS}}")
    result = ended({"CONFIG_PATH": str(file)})

    assert result.returncode == 2
    assert "server.port: found 0" in result.stderr
