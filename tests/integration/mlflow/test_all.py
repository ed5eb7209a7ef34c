"""What `make train` does, in its shortest form: real data, a real MLflow, an alias."""

import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from hack.demo import train
from hack.services.mlflow.server import LocalMlflow
from training.all import main

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
LSTM, COMBINER = "lstm_price_predictor", "ensemble_combiner"


def words(server: LocalMlflow, output: Path, models: str) -> list[str]:
    given = {
        "--tracking-uri": server.uri,
        "--models": models,
        "--profile": "demo",
        "--alias": "challenger",
        "--output": str(output),
    }
    return [word for option in given.items() for word in option]


def test_a_shipped_model_is_trained_judged_and_named_by_its_alias(
    mlflow_server: LocalMlflow, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(words(mlflow_server, tmp_path, LSTM)) == 0
    assert f"registered: models:/{LSTM}@challenger is version 1" in capfd.readouterr().out
    client = MlflowClient(mlflow_server.uri)
    version = client.get_model_version_by_alias(LSTM, "challenger")
    assert "of 'tomorrow = today'" in str(version.description), "judged beside a baseline"
    run = client.get_run(str(version.run_id))
    errors = {name for name in run.data.metrics if name.endswith("rootMeanSquareError")}
    assert {
        f"test.errors.{who}.rootMeanSquareError" for who in ("model", "tomorrowIsToday")
    } <= errors
    assert run.data.params["epochs"] == "2"
    kept = {entry.path for entry in client.list_artifacts(run.info.run_id, "training")}
    assert {"training/model.onnx", "training/report.md", "training/plots"} <= kept
    assert "training/checkpoint" not in kept


def test_one_that_fails_is_named_and_the_others_are_registered(
    mlflow_server: LocalMlflow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from training.data.failure import DataError

    def offline(*_: object) -> None:
        raise DataError("prices: found no package, expected bokeh-sampledata; run make setup")

    monkeypatch.setattr("training.all.train_prices", offline)
    assert main(words(mlflow_server, tmp_path, f"{LSTM},{COMBINER}")) == 1
    output = capfd.readouterr()
    assert "run make setup" in output.err
    assert f"FAILED: {LSTM}\n" in output.err
    assert f"models:/{COMBINER}@challenger is version 1" in output.out


def test_a_tracking_uri_where_nothing_answers_is_refused_before_any_training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setattr(sys, "argv", ["train"])
    with pytest.raises(SystemExit):
        train.main()
    assert "MLflow does not answer at http://127.0.0.1:9" in capsys.readouterr().err
