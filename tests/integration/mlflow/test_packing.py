"""A registered version, packed by its signature and tags alone, is served by a real Triton."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton_http

from hack.images.local_triton import LocalTriton
from hack.services.mlflow.server import LocalMlflow
from inference_operator.domain.mlmodel import ModelUnusableError
from tests.trained_folders import onnx_folder, torchscript_folder
from training.packing import main, pack_version
from training.registry import Entry, RegistryError, Version, promote, register
from training.served_file import Format
from training.trained import Trained, read_trained

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning"),
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    folder = tmp_path_factory.mktemp("trained")
    return {
        "averages": read_trained(torchscript_folder(folder / "averages")),
        "share": read_trained(onnx_folder(folder / "share")),
    }


@pytest.fixture(scope="module")
def triton(
    mlflow_server: LocalMlflow,
    trained: dict[str, Trained],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalTriton]:
    """Version 2 of a TorchScript model by alias and by run, and version 1 of an ONNX model."""
    repository = tmp_path_factory.mktemp("repository")
    for factor in (7.0, 2.0):
        folder = torchscript_folder(tmp_path_factory.mktemp("versions") / "one", factor)
        made = register(folder, Entry("averages"), mlflow_server.uri)
    promote("averages", 2, "champion", mlflow_server.uri)
    register(trained["share"].folder, Entry("share", Format.ONNX, 16), mlflow_server.uri)
    pack_version("models:/averages@champion", repository, mlflow_server.uri)
    pack_version("models:/share/1", repository, mlflow_server.uri)
    pack_version(f"runs:/{made.run_id}/model", repository, mlflow_server.uri)
    with LocalTriton(repository) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "version", "learnt"),
    [("averages", "2", "averages"), ("share", "1", "share"), ("model", "1", "averages")],
    ids=["by its alias", "by its number", "by its run"],
)
def test_triton_answers_as_the_trained_model(
    triton: LocalTriton, trained: dict[str, Trained], name: str, version: str, learnt: str
) -> None:
    model = trained[learnt]
    client = triton_http.InferenceServerClient(triton.http)
    inputs = []
    for tensor in model.signature.inputs:
        value = model.sample[tensor.name]
        inputs.append(triton_http.InferInput(tensor.name, list(value.shape), tensor.data_type))
        inputs[-1].set_data_from_numpy(value)
    answer = client.infer(name, inputs, model_version=version)
    for output, expected in model.expected.items():
        np.testing.assert_allclose(answer.as_numpy(output), expected, rtol=1e-5)


def test_batches_are_as_large_as_the_version_says(triton: LocalTriton) -> None:
    client = triton_http.InferenceServerClient(triton.http)
    assert client.get_model_config("share")["max_batch_size"] == 16
    assert client.get_model_config("averages")["max_batch_size"] == 32
    assert client.get_model_config("model")["max_batch_size"] == 0, "a run has no tags"


def test_an_alias_that_names_nothing_is_said(
    mlflow_server: LocalMlflow, registered: Version, tmp_path: Path
) -> None:
    with pytest.raises(RegistryError, match=r"alias champion not found"):
        pack_version(f"models:/{registered.name}@champion", tmp_path, mlflow_server.uri)


def test_a_single_file_of_a_run_is_packed(
    mlflow_server: LocalMlflow, trained: dict[str, Trained], name: str, tmp_path: Path
) -> None:
    folder = trained["share"].folder
    made = register(folder, Entry(name, Format.ONNX), mlflow_server.uri)
    uri = f"runs:/{made.run_id}/training/model.onnx"
    assert pack_version(uri, tmp_path, mlflow_server.uri) == tmp_path / "model"
    packed = tmp_path / "model" / "1" / "model.onnx"
    assert packed.read_bytes() == (folder / "model.onnx").read_bytes()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("nothing", "MLflow at .*nothing"),
        ("training/plots", "found runs:/.* to be no file, nor a model with its MLmodel"),
    ],
)
def test_a_path_without_a_model_is_said(
    mlflow_server: LocalMlflow, registered: Version, tmp_path: Path, path: str, reason: str
) -> None:
    with pytest.raises(RegistryError, match=reason):
        pack_version(f"runs:/{registered.run_id}/{path}", tmp_path, mlflow_server.uri)


def test_a_file_that_does_not_say_its_tensors_is_refused(
    mlflow_server: LocalMlflow, registered: Version, tmp_path: Path
) -> None:
    uri = f"runs:/{registered.run_id}/training/model.pt"
    with pytest.raises(ModelUnusableError, match=r"spec.model.inputs.*no tensor signature"):
        pack_version(uri, tmp_path, mlflow_server.uri)


@pytest.mark.parametrize("uri", ["lstm", "models:/lstm", "runs:/abc"])
def test_other_addresses_are_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"expected models:/NAME@ALIAS, .* or runs:/RUN_ID/PA"):
        pack_version(uri, tmp_path, "http://127.0.0.1:9")


def test_the_command_line_prints_the_folder(
    mlflow_server: LocalMlflow,
    registered: Version,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [f"models:/{registered.name}@challenger", "--repository", str(tmp_path / "models")]
    monkeypatch.setattr("sys.argv", ["packing", *words, "--tracking-uri", mlflow_server.uri])
    main()
    assert capsys.readouterr().out == f"{tmp_path / 'models' / registered.name}\n"
    assert (tmp_path / "models" / registered.name / "1" / "model.pt").is_file()
