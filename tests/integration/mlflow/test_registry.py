"""What a training is in a real MLflow, and what the operator and a person find there."""

import hashlib
import urllib.request
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import onnxruntime
import pytest
import torch
from mlflow import MlflowClient

from hack.services.mlflow.server import LocalMlflow
from tests.trained_folders import REPORT, change_sample, onnx_folder, torchscript_folder
from training.registry import Entry, RegistryError, Version, main, promote, register
from training.served_file import Format
from training.trained import TrainedFolderError, read_trained

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")


def client(server: LocalMlflow) -> MlflowClient:
    return MlflowClient(server.uri)


def fetched(server: LocalMlflow, version: Version, path: str) -> bytes:
    """The file that a serving pod would be given."""
    query = f"name={version.name}&version={version.number}&path={path}"
    with urllib.request.urlopen(f"{server.uri}/model-versions/get-artifact?{query}") as answer:
        content: bytes = answer.read()
        return content


def tags(server: LocalMlflow, version: Version) -> dict[str, str]:
    tags = client(server).get_model_version(version.name, str(version.number)).tags
    return {str(key): str(value) for key, value in tags.items()}


def test_the_digest_of_a_version_is_of_the_file_that_the_server_gives(
    mlflow_server: LocalMlflow, registered: Version
) -> None:
    content = fetched(mlflow_server, registered, registered.artifact)
    assert registered.sha256 == hashlib.sha256(content).hexdigest()
    assert tags(mlflow_server, registered) == {
        "inference.aipx.io/sha256": registered.sha256,
        "inference.aipx.io/artifact": "data/model.pth",
        "inference.aipx.io/format": "torchscript",
        "inference.aipx.io/max-batch-size": "32",
    }


def test_libtorch_loads_what_the_pytorch_flavor_saved(
    mlflow_server: LocalMlflow, registered: Version, tmp_path: Path
) -> None:
    (tmp_path / "model.pt").write_bytes(fetched(mlflow_server, registered, registered.artifact))
    trained = read_trained(tmp_path / "trained")
    model = torch.jit.load(tmp_path / "model.pt")
    mean, highs = model(torch.from_numpy(trained.sample["ohlcv"]))
    np.testing.assert_allclose(mean.detach(), trained.expected["OUTPUT__0"], rtol=1e-6)
    np.testing.assert_allclose(highs.detach(), trained.expected["OUTPUT__1"], rtol=1e-6)


def test_an_onnx_model_of_several_inputs_is_one_file_with_its_flavor(
    mlflow_server: LocalMlflow, name: str, tmp_path: Path
) -> None:
    folder = onnx_folder(tmp_path / "trained")
    version = register(folder, Entry(name, Format.ONNX, 16), mlflow_server.uri)
    assert version.artifact == "model.onnx"
    assert tags(mlflow_server, version)["inference.aipx.io/max-batch-size"] == "16"
    session = onnxruntime.InferenceSession(fetched(mlflow_server, version, "model.onnx"))
    (score,) = session.run(None, read_trained(folder).sample)
    assert score.tolist() == [[3.25]]
    assert "onnx" in mlmodel(mlflow_server, version).flavors


def mlmodel(server: LocalMlflow, version: Version) -> Any:
    mlflow.set_tracking_uri(server.uri)
    try:
        return mlflow.models.Model.load(f"models:/{version.name}/{version.number}")
    finally:
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


def test_the_signature_has_tritons_names_types_and_shapes(
    mlflow_server: LocalMlflow, registered: Version
) -> None:
    model = mlmodel(mlflow_server, registered)
    shown = [(s.name, str(s.type), s.shape) for s in model.signature.inputs]
    assert shown == [("ohlcv", "float32", (-1, 60, 5))]
    shown = [(s.name, str(s.type), s.shape) for s in model.signature.outputs]
    assert shown == [("OUTPUT__0", "float32", (-1, 1)), ("OUTPUT__1", "float32", (-1, 2))]
    assert model.saved_input_example_info["type"] == "ndarray"


def test_the_run_tells_how_good_on_which_data_and_from_which_sources(
    mlflow_server: LocalMlflow, registered: Version
) -> None:
    run = client(mlflow_server).get_run(registered.run_id)
    assert run.data.metrics["test.model.meanAbsoluteError"] == 0.0125
    assert "test.model.directionRight" not in run.data.metrics, "null is no number"
    assert run.data.params == {"format": "torchscript", "epochs": "2", "seed": "7"}
    assert run.data.tags["data.sha256"] == REPORT["data"]["sha256"]
    assert len(run.data.tags["mlflow.source.git.commit"].partition("-")[0]) == 40
    (data,) = run.inputs.dataset_inputs
    assert data.dataset.digest == REPORT["data"]["sha256"][:36]


def test_the_history_of_a_training_is_kept_epoch_by_epoch(
    mlflow_server: LocalMlflow, registered: Version
) -> None:
    history = client(mlflow_server).get_metric_history(registered.run_id, "epoch.validation")
    assert [(point.step, point.value) for point in history] == [(1, 2.5), (2, 2.25)]


def test_plots_report_and_model_card_are_artifacts_of_the_run(
    mlflow_server: LocalMlflow, registered: Version, tmp_path: Path
) -> None:
    tags = client(mlflow_server)
    paths = [
        entry.path
        for folder in (None, "training", "training/plots")
        for entry in tags.list_artifacts(registered.run_id, folder)
    ]
    for path in ("model_card.md", "training/report.json", "training/plots/loss.svg"):
        assert path in paths
    described = tags.get_model_version(registered.name, str(registered.number)).description
    assert str(REPORT["verdict"]) in described


def test_an_alias_is_moved_to_another_version(
    mlflow_server: LocalMlflow, registered: Version, tmp_path: Path
) -> None:
    folder = torchscript_folder(tmp_path / "second", factor=3.0)
    second = register(folder, Entry(registered.name), mlflow_server.uri)
    assert second.number == 2
    assert second.sha256 != registered.sha256
    promote(registered.name, 1, "champion", mlflow_server.uri)
    promote(registered.name, 2, "champion", mlflow_server.uri)
    aliases = client(mlflow_server).get_registered_model(registered.name).aliases
    assert aliases == {"challenger": "1", "champion": "2"}


def test_a_version_that_is_not_there_is_not_promoted(
    mlflow_server: LocalMlflow, registered: Version
) -> None:
    with pytest.raises(RegistryError, match=r"version=7\) not found; see that"):
        promote(registered.name, 7, "champion", mlflow_server.uri)
    aliases = client(mlflow_server).get_registered_model(registered.name).aliases
    assert aliases == {"challenger": "1"}


def test_a_server_that_is_away_is_an_error_with_its_address(tmp_path: Path) -> None:
    folder = torchscript_folder(tmp_path / "trained")
    with pytest.raises(RegistryError, match=r"MLflow at http://127.0.0.1:9: .*refused"):
        register(folder, Entry("price"), "http://127.0.0.1:9")


def test_nothing_is_sent_of_a_folder_whose_file_answers_something_else(
    mlflow_server: LocalMlflow, name: str, tmp_path: Path
) -> None:
    folder = torchscript_folder(tmp_path / "trained")
    change_sample(folder, outputs=[{"name": "OUTPUT__0", "dataType": "FP32", "shape": [1]}])
    with pytest.raises(TrainedFolderError, match="found 1 outputs, expected 2"):
        register(folder, Entry(name), mlflow_server.uri)
    assert client(mlflow_server).get_experiment_by_name(name) is None


def test_the_command_line_registers_and_promotes(
    mlflow_server: LocalMlflow,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = torchscript_folder(tmp_path / "trained")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server.uri)
    run(monkeypatch, "log", name, "--folder", str(folder))
    assert f"{name} version 1, run " in capsys.readouterr().out
    run(monkeypatch, "promote", name, "1", "--alias", "champion")
    assert capsys.readouterr().out == f"{name}@champion is version 1\n"
    with pytest.raises(SystemExit, match=r"FAILED: MLflow at .*not found"):
        run(monkeypatch, "promote", name, "2", "--alias", "champion")


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr("sys.argv", ["registry", *words])
    main()
