"""Files of `config/` have the reference's keys and values; `.env.example` is read as it is."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.settings import Settings, load

ROOT = Path(__file__).parents[3]


def _reference(environment: str, *, bucket: str = "", **changed: Any) -> dict[str, Any]:
    """Return a file of the reference: what all have in common, and what its environment changes."""
    folders = f"gs://trading-system-{bucket}/" if bucket else "./"
    host = f"mlflow.{bucket}.svc.cluster.local" if bucket else "localhost"
    return {
        "environment": environment,
        "mlflow": {"tracking_uri": f"http://{host}:5000", "model_registry": f"{folders}models"},
        "storage": {"cache_dir": f"{folders}cache"},
        "monitoring": {"metrics_window": "1h", "alert_threshold": 0.1},
        **changed,
    }


REFERENCE = {
    "local": _reference(
        "local",
        database={"type": "duckdb", "path": "./data/ml.duckdb"},
        inference={"batch_size": 1000, "cache_ttl": 60, "max_concurrent_models": 4},
    ),
    "feature-branch": _reference(
        "feature-branch",
        bucket="feature-branch",
        database={"type": "bigquery", "project": "development", "dataset": "feature_branch"},
        inference={"batch_size": 1000, "cache_ttl": 300, "max_concurrent_models": 8},
    ),
    "dev": _reference(
        "development",
        bucket="dev",
        database={"type": "bigquery", "project": "development", "dataset": "ml_inference"},
        inference={"batch_size": 2000, "cache_ttl": 300, "max_concurrent_models": 16},
    ),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_a_file_has_the_reference_s_keys_and_values(name: str) -> None:
    assert yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text("utf-8")) == REFERENCE[name]


@pytest.mark.parametrize("name", REFERENCE)
def test_a_file_is_read_as_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIG_PATH", str(ROOT / "config" / f"{name}.yaml"))
    settings = load()

    assert settings.environment == REFERENCE[name]["environment"]
    assert settings.inference.max_concurrent_models == settings.serving.most_models
    assert settings.database.type == REFERENCE[name]["database"]["type"]
    assert settings.monitoring.metrics_window == 3600.0


def test_there_is_no_other_file() -> None:
    assert {file.stem for file in (ROOT / "config").iterdir()} == set(REFERENCE)


def _variables(*, with_comments: bool) -> dict[str, str]:
    text = (ROOT / ".env.example").read_text("utf-8")
    lines = [line.removeprefix("# ") if with_comments else line for line in text.splitlines()]
    pairs = (line.partition("=") for line in lines if line.startswith(("SERVING_", "CONFIG_")))
    return {name: value for name, _, value in pairs if "<" not in name and " " not in name}


@pytest.mark.parametrize("with_comments", [False, True])
def test_the_example_of_variables_is_read(
    with_comments: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = _variables(with_comments=with_comments)
    monkeypatch.chdir(ROOT)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = load()

    assert len(variables) >= 19
    assert bool(settings.redis.url) is with_comments


def test_the_example_of_variables_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _variables(with_comments=False).items():
        if name != "CONFIG_PATH":
            monkeypatch.setenv(name, value)

    assert load() == Settings.model_construct()
