"""A model's file becomes a Triton repository, or an error explains why it does not."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.triton import Triton
from model_builders.config import parse_pbtxt
from model_builders.packing import PackingError, pack
from tests.e2e.artifacts import linear_onnx

GRAPH = linear_onnx(2.0, 1.0)
DIGEST = hashlib.sha256(GRAPH).hexdigest()


def spec(name: str | None = "linear", sha256: str | None = None, **model: Any) -> Any:
    source = {"uri": "models:/linear/3"} | ({"sha256": sha256} if sha256 else {})
    named = {"name": name} if name else {}
    fields = {"source": source, "format": "onnx", "maxBatchSize": 8, **named, **model}
    return InferenceModelSpec.model_validate({"model": fields})


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """`linear` (y = 2x + 1), under a name that is not Triton's."""
    path = tmp_path / "weights.onnx"
    path.write_bytes(GRAPH)
    return path


def test_the_repository_has_the_file_and_its_config(artifact: Path, tmp_path: Path) -> None:
    made = pack(spec(sha256=DIGEST), artifact, 3, tmp_path / "models")
    assert made == tmp_path / "models" / "linear"
    assert (made / "3" / "model.onnx").read_bytes() == GRAPH
    config = parse_pbtxt((made / "config.pbtxt").read_text())
    assert (config.name, config.backend, config.max_batch_size) == ("linear", "onnxruntime", 8)


def test_two_versions_lie_side_by_side(artifact: Path, tmp_path: Path) -> None:
    for version in (1, 2):
        made = pack(spec(), artifact, version, tmp_path / "models")
    assert sorted(path.name for path in made.iterdir()) == ["1", "2", "config.pbtxt"]


def refused(artifact: Path, tmp_path: Path, given: InferenceModelSpec) -> str:
    with pytest.raises(PackingError) as caught:
        pack(given, artifact, 1, tmp_path / "models")
    assert not (tmp_path / "models").exists(), "nothing is left behind"
    return str(caught.value)


def test_another_file_than_the_pinned_one_is_refused(artifact: Path, tmp_path: Path) -> None:
    artifact.write_bytes(linear_onnx(3.0, 1.0))
    message = refused(artifact, tmp_path, spec(sha256=DIGEST))
    assert f"expected {DIGEST} as pinned; fetch it again" in message


def test_a_main_file_outside_of_the_models_folder_is_refused(
    artifact: Path, tmp_path: Path
) -> None:
    text = 'default_model_filename: "../../../fx/1/model.onnx"'
    given = spec().model_copy(update={"triton": Triton(config_overrides=text)})
    assert "expected one file name" in refused(artifact, tmp_path, given)


def test_a_graph_that_contradicts_the_spec_is_refused(artifact: Path, tmp_path: Path) -> None:
    tensors = {
        "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
        "outputs": [{"name": "price", "dataType": "FP32", "shape": [4]}],
    }
    assert "price" in refused(artifact, tmp_path, spec(**tensors))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    message = refused(tmp_path / "gone.onnx", tmp_path, spec())
    assert "gone.onnx: found no such file, expected the model" in message


def test_a_spec_without_a_name_is_refused(artifact: Path, tmp_path: Path) -> None:
    assert "model.name: found nothing" in refused(artifact, tmp_path, spec(name=None))
