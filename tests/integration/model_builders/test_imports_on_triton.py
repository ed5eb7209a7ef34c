"""Imported models load in a real Triton without the files that lay beside their versions."""

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput

from hack.images.local_triton import LocalTriton
from inference_operator.api.inference_model import InferenceModel
from model_builders.config import config_pbtxt, model_config
from model_builders.importer import ImportOptions, import_repository
from tests.images import serving as s

pytestmark = pytest.mark.integration

MATMUL = s.matmul(s.WEIGHTS)
X, Y = {"x": ("FP32", [4])}, {"y": ("FP32", [2])}
WARM_UP = """model_warmup { name: "day" batch_size: 1 inputs { key: "x" value {
    data_type: TYPE_FP32 dims: 4 input_data_file: "day.bin" } } }"""
HAND_WRITTEN = {
    "beside": 'label_filename: "labels.txt"',
    "within": 'label_filename: "1/labels.txt"',
    "warm": "",
}
GROUPS = {
    "bare_cpu": "instance_group { kind: KIND_CPU }",
    "bare_model": "instance_group { kind: KIND_MODEL }",
}


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a repository by hand, which Triton loads as a whole."""
    repository = tmp_path_factory.mktemp("by_hand")
    for name in (*HAND_WRITTEN, *GROUPS):
        text = s.config("onnxruntime", X, Y, extra=GROUPS.get(name, ""))
        text = text.replace("dims: [2]", f"dims: [2] {HAND_WRITTEN.get(name, '')}")
        s.write_model(repository, name, text + (WARM_UP if name == "warm" else ""), MATMUL)
    (repository / "beside" / "labels.txt").write_text("up\ndown\n")
    (repository / "within" / "1" / "labels.txt").write_text("up\ndown\n")
    (repository / "warm" / "warmup").mkdir()
    (repository / "warm" / "warmup" / "day.bin").write_bytes(bytes(16))
    return repository


@pytest.fixture(scope="module")
def in_a_pod(by_hand: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the files in pods of imported models: the config and the version's folder."""
    repository = tmp_path_factory.mktemp("in_a_pod")
    for manifest in import_repository(by_hand, ImportOptions("pvc://models/repo")).manifests:
        spec = InferenceModel.model_validate(manifest).spec
        name = spec.model.name or manifest["metadata"]["name"]
        shutil.copytree(by_hand / name / "1", repository / name / "1")
        config = model_config(spec, name=name, accelerated=False)
        (repository / name / "config.pbtxt").write_text(config_pbtxt(config))
    return repository


@pytest.fixture(scope="module")
def original(by_hand: Path) -> Iterator[LocalTriton]:
    with LocalTriton(by_hand) as server:
        yield server


@pytest.fixture(scope="module")
def imported(in_a_pod: Path) -> Iterator[LocalTriton]:
    with LocalTriton(in_a_pod) as server:
        yield server


def best_class(server: LocalTriton, model: str) -> str:
    tensor = InferInput("x", [1, 4], "FP32")
    tensor.set_data_from_numpy(np.ones((1, 4), np.float32))
    requested = InferRequestedOutput("y", class_count=1)
    answer = InferenceServerClient(server.http).infer(model, [tensor], outputs=[requested])
    return str(answer.as_numpy("y")[0][0].decode())


def instances(server: LocalTriton, model: str) -> list[Any]:
    with urllib.request.urlopen(f"http://{server.http}/v2/models/{model}/config") as answer:
        return [(g["kind"], g["count"]) for g in json.load(answer)["instance_group"]]


def test_every_imported_model_loads(imported: LocalTriton) -> None:
    states = {name: state for name, (state, _) in imported.index().items()}
    assert states == dict.fromkeys((*HAND_WRITTEN, *GROUPS), "READY")


def test_labels_within_the_version_come_along_and_others_do_not(
    original: LocalTriton, imported: LocalTriton
) -> None:
    labelled = best_class(original, "beside")
    assert labelled.endswith(("up", "down"))
    assert best_class(imported, "within") == labelled
    assert best_class(imported, "beside") == labelled.rpartition(":")[0]


@pytest.mark.parametrize("model", sorted(GROUPS))
def test_instances_without_a_count_are_as_many_as_before(
    model: str, original: LocalTriton, imported: LocalTriton
) -> None:
    assert instances(imported, model) == instances(original, model)
