"""Differences between an ONNX model's graph and its config, reported before Triton starts."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from inference_operator.api.model import ModelFormat
from model_builders.artifact import check_artifact, compare, onnx_signature
from model_builders.config import parse_pbtxt
from tests.unit.model_builders.onnx_graphs import BATCHED, graph


def saved(tmp_path: Path, model: onnx.ModelProto) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def problems_of(model: onnx.ModelProto, config: str, tmp_path: Path) -> list[str]:
    problems = check_artifact(ModelFormat.ONNX, saved(tmp_path, model), parse_pbtxt(config))
    return [str(problem) for problem in problems]


SAME: dict[str, tuple[onnx.ModelProto, str]] = {
    "a batch of windows": (graph(), BATCHED),
    "no tensors in the config": (graph(), "max_batch_size: 8"),
    "a graph that does not batch": (
        graph({"window": (TensorProto.FLOAT, (60, 5))}, {"price": (TensorProto.FLOAT, (1,))}),
        BATCHED.replace("max_batch_size: 8", ""),
    ),
    "a graph with variable dimensions that the config fixes": (
        graph({"window": (TensorProto.FLOAT, ("batch", "time", 5))}),
        BATCHED,
    ),
    "a reshaped scalar": (
        graph(outputs={"price": (TensorProto.FLOAT, ("batch",))}),
        BATCHED.replace("dims: [1]", "dims: [1] reshape { }"),
    ),
    "an output that the config leaves out": (
        graph(
            outputs={
                "price": (TensorProto.FLOAT, ("batch", 1)),
                "state": (TensorProto.FLOAT, ("batch", 8)),
            }
        ),
        BATCHED,
    ),
    "an input with a default that the config leaves out": (
        graph(
            {
                "window": (TensorProto.FLOAT, ("batch", 60, 5)),
                "scale": (TensorProto.FLOAT, (1,)),
            },
            initializer=[helper.make_tensor("scale", TensorProto.FLOAT, [1], [2.0])],
        ),
        BATCHED,
    ),
    "a graph that does not say its rank": (
        graph(outputs={"price": (TensorProto.FLOAT, None)}),
        BATCHED,
    ),
    "bfloat16, which newer images take": (
        graph({"window": (TensorProto.BFLOAT16, ("batch", 60, 5))}),
        BATCHED.replace('window" data_type: TYPE_FP32', 'window" data_type: TYPE_BF16'),
    ),
    "a state of a sequence": (
        graph(
            {
                "window": (TensorProto.FLOAT, ("batch", 60, 5)),
                "hidden": (TensorProto.FLOAT, ("batch", 8)),
            }
        ),
        BATCHED + 'sequence_batching { state { input_name: "hidden" output_name: "h" } }',
    ),
}


@pytest.mark.parametrize(("model", "config"), SAME.values(), ids=SAME.keys())
def test_a_graph_fits(model: onnx.ModelProto, config: str, tmp_path: Path) -> None:
    assert problems_of(model, config, tmp_path) == []


REMEDY = "; correct the spec, or export the model again"
DIFFERENT: dict[str, tuple[onnx.ModelProto, str, str]] = {
    "another input name": (
        graph(),
        BATCHED.replace('"window"', '"windows"'),
        'spec.model.inputs[windows].name: found "windows", expected an input of the artifact\'s'
        f" graph (window){REMEDY}",
    ),
    "another output name": (
        graph(),
        BATCHED.replace('"price"', '"prices"'),
        'spec.model.outputs[prices].name: found "prices", expected an output of the artifact\'s'
        f" graph (price){REMEDY}",
    ),
    "another element type": (
        graph(),
        BATCHED.replace('window" data_type: TYPE_FP32', 'window" data_type: TYPE_FP16'),
        "spec.model.inputs[window].dataType: found FP16, expected FP32, which the artifact's"
        f" window has{REMEDY}",
    ),
    "another rank": (
        graph(),
        BATCHED.replace("[60, 5]", "[300]"),
        "spec.model.inputs[window].shape: found [300], which is [-1, 300] with the batch dimension"
        f" first, expected [-1, 60, 5], which the artifact's window has{REMEDY}",
    ),
    "another dimension": (
        graph(),
        BATCHED.replace("[60, 5]", "[60, 6]"),
        "spec.model.inputs[window].shape: found [60, 6], which is [-1, 60, 6] with the batch"
        " dimension first, expected [-1, 60, 5], which the artifact's window has" + REMEDY,
    ),
    "a variable dimension that the graph fixes": (
        graph(),
        BATCHED.replace("[60, 5]", "[-1, 5]"),
        "spec.model.inputs[window].shape: found [-1, 5], which is [-1, -1, 5] with the batch"
        " dimension first, expected [-1, 60, 5], which the artifact's window has" + REMEDY,
    ),
    "the batch dimension written out": (
        graph(),
        BATCHED.replace("[60, 5]", "[-1, 60, 5]"),
        "spec.model.inputs[window].shape: found [-1, 60, 5], which is [-1, -1, 60, 5] with the"
        " batch dimension first, expected [-1, 60, 5], which the artifact's window has" + REMEDY,
    ),
    "the batch dimension left out": (
        graph(),
        BATCHED.replace("max_batch_size: 8", "").replace("dims: [1]", "dims: [-1, 1]"),
        "spec.model.inputs[window].shape: found [60, 5], expected [-1, 60, 5], which the"
        f" artifact's window has{REMEDY}",
    ),
    "a batch size for a graph that fixes its own": (
        graph({"window": (TensorProto.FLOAT, (1, 60, 5))}),
        BATCHED,
        "spec.model.maxBatchSize: found 8, but the artifact fixes the first dimension of window"
        " [1, 60, 5], expected a first dimension of -1 in every tensor; export the model with a"
        " dynamic batch axis, or set maxBatchSize to 0",
    ),
    "a batch size without declared tensors": (
        graph({"window": (TensorProto.FLOAT, (60, 5))}, {"price": (TensorProto.FLOAT, (1,))}),
        "max_batch_size: 8",
        "spec.model.maxBatchSize: found 8, but the artifact fixes the first dimension of window"
        " [60, 5], price [1], expected a first dimension of -1 in every tensor; export the model"
        " with a dynamic batch axis, or set maxBatchSize to 0",
    ),
    "an input that the config leaves out": (
        graph(
            {
                "window": (TensorProto.FLOAT, ("batch", 60, 5)),
                "mask": (TensorProto.BOOL, ("batch", 60)),
            }
        ),
        BATCHED,
        "spec.model.inputs: found no mask, expected every input of the artifact's graph (window,"
        " mask); add mask, or leave inputs and outputs out: Triton reads the graph's",
    ),
    "a type that Triton does not have": (
        graph({"window": (TensorProto.COMPLEX64, ("batch", 60, 5))}),
        BATCHED,
        "spec.model.inputs[window].dataType: found FP32, expected a type that ONNX Runtime's"
        " backend takes; convert it within the model, and export it again",
    ),
}


@pytest.mark.parametrize(("model", "config", "sentence"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_a_graph_differs(
    model: onnx.ModelProto, config: str, sentence: str, tmp_path: Path
) -> None:
    assert problems_of(model, config, tmp_path) == [sentence]


def test_the_signature_leaves_initializers_out_of_the_inputs(tmp_path: Path) -> None:
    model, _ = SAME["an input with a default that the config leaves out"]
    signature = onnx_signature(saved(tmp_path, model))
    assert [tensor.name for tensor in signature.inputs] == ["window"]
    assert signature.initialized == {"scale"}
    assert compare(signature, parse_pbtxt(BATCHED)) == []


def test_weights_in_another_file_must_be_there(tmp_path: Path) -> None:
    weights = helper.make_tensor("w", TensorProto.FLOAT, [1], [2.0])
    weights.ClearField("float_data")
    weights.data_location = TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", "model.onnx.data"
    model = graph(initializer=[weights])
    assert problems_of(model, BATCHED, tmp_path) == [
        "model.onnx: found no model.onnx.data beside it, expected the files with its weights;"
        " serve the folder that holds both, or save the model as one file"
    ]
    (tmp_path / "model.onnx.data").write_bytes(b"\0" * 4)
    assert problems_of(model, BATCHED, tmp_path) == []


def test_a_file_that_is_no_onnx_model_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\xff\xff not a graph")
    problems = check_artifact(ModelFormat.ONNX, tmp_path, parse_pbtxt(""))
    assert [str(problem) for problem in problems] == [
        "model.onnx: found a file that is not ONNX, or is truncated, expected an ONNX model;"
        " upload the artifact again"
    ]
