"""Queries over written series, judged by `promtool test rules`."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from hack.services.prometheus import promtool


def check(
    folder: Path,
    series: Mapping[str, str],
    query: str,
    at: str,
    answer: Mapping[str, float],
) -> None:
    """Assert that the query over the series, one sample each 15 s, has exactly these rows."""
    expected = [{"labels": labels, "value": value} for labels, value in answer.items()]
    group = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": at, "exp_samples": expected}],
    }
    file = folder / "case.yaml"
    file.write_text(json.dumps({"evaluation_interval": "15s", "tests": [group]}))
    done = subprocess.run([promtool(), "test", "rules", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
