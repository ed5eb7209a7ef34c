"""Manifests that tests of `simulate scaling` play, and how they play them."""

from pathlib import Path
from typing import Any

import pytest

from inference_operator.cli.main import main
from inference_operator.domain.kubectl_yaml import write_manifests
from tests.fakes.bodies import imodel

METRICS = [{"type": "QueueTime", "target": "60ms"}, {"type": "RequestRate", "target": "20"}]
SHORT = ("--duration", "10m", "--batch-time", "80ms", "--full-batch-time", "240ms")


def model(autoscaling: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a manifest that is scaled between 1 and 6 pods."""
    source = {"uri": "https://store.example/fx/7/model.onnx"}
    settings = {"minReplicas": 1, "maxReplicas": 6, "metrics": METRICS, **(autoscaling or {})}
    return imodel(
        **{
            "model": {"source": source, "format": "onnx", "maxBatchSize": 8},
            "triton": {"dynamicBatching": {"maxQueueDelay": "1ms"}},
            "autoscaling": settings,
            **changes,
        }
    )


def simulate(
    capsys: pytest.CaptureFixture[str], folder: Path, *words: str, bodies: Any = None
) -> tuple[int, str, str]:
    """Play a trace; return the exit status, stdout and stderr."""
    manifest = folder / "model.yaml"
    manifest.write_text(write_manifests(bodies or [model()]))
    status = main(["simulate", "scaling", "-f", str(manifest), *words])
    out, err = capsys.readouterr()
    return status, out, err.replace(f"{folder}/", "")
