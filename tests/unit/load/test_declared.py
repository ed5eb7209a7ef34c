"""Tensors that the loader reports of a model: those of the artifact, or else of the spec."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.reasons import Reason
from inference_operator.domain.declared_tensors import (
    MOST_TENSORS,
    DeclaredTensor,
    DeclaredTensors,
)
from inference_operator.domain.load_report import MAX_BYTES, LoadReport
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.load.layout.declared import declared_tensors
from inference_operator.load.plan import ModelOrder
from tests.e2e.artifacts import linear_onnx

ONNX = PlannedModel("linear", 1, ArtifactFormat.ONNX, "pvc://models/model.onnx")
PYTHON = PlannedModel("scorer", 1, ArtifactFormat.PYTHON, "pvc://models/model.py")
CONFIG = """
max_batch_size: 8
input [{ name: "text" data_type: TYPE_STRING dims: [1] }]
output [{ name: "score" data_type: TYPE_FP32 dims: [-1, 2] }]
"""
X = DeclaredTensor("x", "FP32", (-1, 4))
Y = DeclaredTensor("y", "FP32", (-1, 4))


def report(tensors: DeclaredTensors | None) -> LoadReport:
    return LoadReport(Reason.RESOLVED, "laid out linear (version 1)", tensors=tensors)


def test_an_onnx_graph_declares_its_tensors_with_the_batch(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(linear_onnx(2.0, 1.0))

    declared = declared_tensors(ModelOrder(ONNX, 'backend: "onnxruntime"'), tmp_path)

    assert declared == DeclaredTensors((X,), (Y,))


def test_a_graph_in_a_folder_of_that_name_is_read(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").mkdir()
    (tmp_path / "model.onnx" / "model.onnx").write_bytes(linear_onnx(2.0, 1.0))

    declared = declared_tensors(ModelOrder(ONNX, 'backend: "onnxruntime"'), tmp_path)

    assert declared == DeclaredTensors((X,), (Y,))


def test_of_other_formats_the_config_declares_them(tmp_path: Path) -> None:
    declared = declared_tensors(ModelOrder(PYTHON, CONFIG), tmp_path)

    assert declared == DeclaredTensors(
        (DeclaredTensor("text", "STRING", (-1, 1)),),
        (DeclaredTensor("score", "FP32", (-1, -1, 2)),),
    )


@pytest.mark.parametrize("content", [b"", b"\x3a\xff", b"\x00" * 64])
def test_what_cannot_be_read_is_not_reported(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(content)

    assert declared_tensors(ModelOrder(ONNX, ""), tmp_path) is None
    assert declared_tensors(ModelOrder(ONNX, "not a config"), tmp_path) is None
    assert declared_tensors(ModelOrder(PYTHON, 'backend: "python"'), tmp_path) is None


def test_a_report_holds_the_tensors() -> None:
    made = report(DeclaredTensors((X,), (DeclaredTensor("y", "INT64", None),)))

    assert LoadReport.from_json(made.to_json()) == made


def test_tensors_that_leave_no_room_are_left_out() -> None:
    many = tuple(DeclaredTensor(f"{n}" * 100, "FP32", (1, 2)) for n in range(MOST_TENSORS))
    text = report(DeclaredTensors(many, many)).to_json()
    read = LoadReport.from_json(text)

    assert len(text.encode()) <= MAX_BYTES
    assert read == report(None)


@pytest.mark.parametrize(
    "items",
    [
        1,
        {},
        [],
        [[], [], []],
        [[["x", "FP32", [1]]], 3],
        [[["x", "FP32", [2**40]]], []],
        [[["x", "FP32", [1.5]]], []],
        [[["x", "\x1b[31m", [1]]], []],
        [[[1, "FP32", [1]]], []],
        [[["x", "FP32"]], []],
        [[["x", "FP32", [1]]] * (MOST_TENSORS + 1), []],
    ],
)
def test_other_values_in_their_place_do_not_hide_the_rest(items: object) -> None:
    body = {"reason": "Resolved", "message": "laid out linear (version 1)", "tensors": items}

    assert LoadReport.from_json(json.dumps(body)) == report(None)


@given(st.text(max_size=400))
def test_a_name_is_short_and_printable(name: str) -> None:
    read = DeclaredTensors.of_items([[[name, "FP32", [1]]], []])

    assert len(read.inputs[0].name) <= 253
    assert read.inputs[0].name.isprintable()
