"""Import of models with a foreign backend, and of models that describe themselves."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.import_rate import rendered
from model_builders.config import parse_pbtxt
from tests.unit.model_builders.repositories import ensemble, imported, write

TENSORS = """
input { name: "TICKS" data_type: TYPE_FP32 dims: 1 }
output { name: "BARS" data_type: TYPE_FP32 dims: 1 }
"""


def imported_equal(folder: Path, name: str = "fraud") -> dict[str, Any]:
    """Return the spec of a model, after a check that it renders the same configuration."""
    result = imported(folder)
    assert result.failures == []
    original = parse_pbtxt((folder / name / "config.pbtxt").read_text())
    original.name = name
    assert rendered(result.manifests, original) == original
    spec: dict[str, Any] = result.manifests[0]["spec"]
    return spec


FOREIGN = {
    "a file of FIL": (f'backend: "fil" max_batch_size: 32768 {TENSORS}', "fil", "/xgboost.json"),
    "a pipeline of DALI": ('backend: "dali" max_batch_size: 256', "dali", "/model.dali"),
    "a platform of its own": (f'backend: "x.y" platform: "z" {TENSORS}', "x.y", "/weights.bin"),
    "TensorFlow by its platform": ('platform: "tensorflow_graphdef"', "tensorflow", "/model.graph"),
    "a newer platform of PyTorch": (
        f'backend: "pytorch" platform: "pytorch_aoti" {TENSORS}',
        "pytorch",
        "/model.pt2",
    ),
    "another name": (f'backend: "fil" default_model_filename: "a.txt" {TENSORS}', "fil", "/a.txt"),
}


@pytest.mark.parametrize(("config", "backend", "file"), FOREIGN.values(), ids=FOREIGN.keys())
def test_a_foreign_backend_is_format_custom(
    config: str, backend: str, file: str, tmp_path: Path
) -> None:
    write(tmp_path, "fraud", config, **{file[1:].replace(".", "_"): "tree"})
    model = imported_equal(tmp_path)["model"]
    assert (model["format"], model["backend"]) == ("custom", backend)
    assert model["source"]["uri"].endswith(f"/fraud/1{file}")
    assert imported(tmp_path).warnings == [
        "fraud: it has format custom: spec.triton.image, or the operator's default image, must have"
        f" the backend {backend}"
    ]


def test_several_files_of_a_backend_are_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "fraud", 'backend: "openvino"', model_xml="<net/>", model_bin="")
    assert imported_equal(tmp_path)["model"]["source"] == {"uri": "pvc://models/repository/fraud/1"}


@pytest.mark.parametrize("name", ["weights_tar_gz", "of all_txt"])
def test_a_file_that_load_would_change_is_the_folder(name: str, tmp_path: Path) -> None:
    write(tmp_path, "fraud", 'backend: "fil"', **{name: "tree"})
    assert imported_equal(tmp_path)["model"]["source"] == {"uri": "pvc://models/repository/fraud/1"}


def test_a_version_without_files_is_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "fraud", 'backend: "identity"', _gitkeep="")
    assert imported_equal(tmp_path)["model"]["source"] == {"uri": "pvc://models/repository/fraud/1"}


def test_a_saved_model_without_a_configuration_is_tensorflows(tmp_path: Path) -> None:
    write(tmp_path, "fraud", "", model_savedmodel="")
    (manifest,) = imported(tmp_path).manifests
    assert manifest["spec"]["model"]["backend"] == "tensorflow"


def test_an_engine_of_tensorrt_llm_needs_a_gpu(tmp_path: Path) -> None:
    write(tmp_path, "fraud", 'backend: "tensorrtllm" instance_group { count: 1 kind: KIND_CPU }')
    assert imported_equal(tmp_path)["accelerator"] == {"count": 1}


def test_the_option_gives_gpus_to_a_backend_that_chooses_itself(tmp_path: Path) -> None:
    write(tmp_path, "chat", 'backend: "vllm" instance_group { kind: KIND_MODEL }', model_json="{}")
    (manifest,) = imported(tmp_path, gpus=2).manifests
    assert manifest["spec"]["accelerator"] == {"count": 2}
    assert "accelerator" not in imported(tmp_path).manifests[0]["spec"]


def test_an_ensemble_of_a_foreign_model_is_imported(tmp_path: Path) -> None:
    write(tmp_path, "bars", f'backend: "fil" {TENSORS}', model_txt="tree")
    write(tmp_path, "signal", ensemble())
    result = imported(tmp_path)
    assert result.failures == []
    assert [m["kind"] for m in result.manifests] == ["InferenceModel", "EnsemblePipeline"]


@pytest.mark.parametrize(
    "config",
    [
        'backend: "python"',
        'backend: "python" input { name: "a" data_type: TYPE_FP32 dims: 1 }',
        'backend: "python" input { name: "a" dims: 1 } output { name: "b" dims: 1 }',
        'backend: "python" input { name: "a" data_type: TYPE_FP32 }',
    ],
)
def test_a_python_model_may_describe_itself(config: str, tmp_path: Path) -> None:
    write(tmp_path, "fraud", config, model_py="")
    imported_equal(tmp_path)
    assert imported(tmp_path).warnings == []


def test_an_engine_may_leave_dims_to_triton(tmp_path: Path) -> None:
    config = """backend: "tensorrt" max_batch_size: 8
    input { name: "x" data_type: TYPE_FP32 } output { name: "y" data_type: TYPE_FP32 dims: 1 }"""
    write(tmp_path, "fraud", config, model_plan="ftrt")
    imported_equal(tmp_path)
    assert imported(tmp_path).warnings == []
