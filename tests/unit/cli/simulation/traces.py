"""Traces and manifests that tests of `simulate rollout` play."""

from pathlib import Path
from typing import Any

import pytest

from inference_operator.cli.main import main
from inference_operator.domain.kubectl_yaml import write_manifests
from tests.fakes.bodies import imodel

HEADER = (
    "time,requests_per_second,stable_error_share,stable_p50_ms,stable_p95_ms,canary_error_share,"
    "canary_p50_ms,canary_p95_ms"
)
STEPS = [{"setWeight": 10}, {"analysis": {}}, {"setWeight": 50}, {"analysis": {}}]
ANALYSIS = {
    "metrics": [
        {"name": "errors", "type": "ErrorRate", "max": "1%"},
        {"name": "p95", "type": "Latency", "statistic": "p95", "max": "20ms"},
    ]
}
GATEWAY = {
    "parentRefs": [{"name": "public", "namespace": "gateways"}],
    "http": {"hostnames": ["fx.example.com"]},
}


def row(
    *,
    time: float = -900,
    rate: float = 100,
    errors: float = 0.002,
    p95: float = 15,
    missing: str | None = None,
) -> str:
    """Return a row in which the canary has these errors and this latency."""
    values = [time, rate, 0.002, 8, 15, errors, 8, max(p95, 8)]
    return ",".join(map(str, [*values, *([] if missing is None else [missing])]))


def trace(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def model(steps: list[Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a manifest whose canary is judged."""
    canary = {"steps": STEPS if steps is None else steps, "analysis": ANALYSIS, "gateway": GATEWAY}
    return imodel(
        **{
            "replicas": 4,
            "triton": {"metrics": {"latencyBuckets": [5, 10, 20, 50, 100]}},
            "rollout": {"canary": canary},
            **changes,
        }
    )


def simulate(
    capsys: pytest.CaptureFixture[str], folder: Path, text: str, *words: str, **changes: Any
) -> tuple[int, str, str]:
    """Play a trace; return the exit status, stdout and stderr."""
    manifest, metrics = folder / "model.yaml", folder / "trace.csv"
    manifest.write_text(write_manifests([changes.pop("body", None) or model(**changes)]))
    metrics.write_text(text)
    status = main(["simulate", "rollout", "-f", str(manifest), "--metrics", str(metrics), *words])
    out, err = capsys.readouterr()
    return status, out, err.replace(f"{folder}/", "")
