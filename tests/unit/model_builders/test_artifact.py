"""What the init container says about an artifact before Triton starts."""

import io
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from inference_operator.api.model import ModelFormat
from model_builders.artifact import check_artifact, compare, onnx_signature
from model_builders.config import parse_pbtxt

Dims = Sequence[int | str | None]
BATCHED = """
max_batch_size: 8
input { name: "window" data_type: TYPE_FP32 dims: [60, 5] }
output { name: "price" data_type: TYPE_FP32 dims: [1] }
"""


def graph(
    inputs: dict[str, tuple[int, Dims | None]] | None = None,
    outputs: dict[str, tuple[int, Dims | None]] | None = None,
    **extra: Any,
) -> onnx.ModelProto:
    inputs = inputs or {"window": (TensorProto.FLOAT, ("batch", 60, 5))}
    outputs = outputs or {"price": (TensorProto.FLOAT, (None, 1))}

    def values(tensors: dict[str, tuple[int, Dims | None]]) -> list[Any]:
        return [helper.make_tensor_value_info(n, t, dims) for n, (t, dims) in tensors.items()]

    first_in, first_out = next(iter(inputs)), next(iter(outputs))
    nodes = [helper.make_node("Identity", [first_in], [first_out])]
    return helper.make_model(
        helper.make_graph(nodes, "prices", values(inputs), values(outputs), **extra)
    )


def saved(tmp_path: Path, model: onnx.ModelProto) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def said(model: onnx.ModelProto, config: str, tmp_path: Path) -> list[str]:
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
    assert said(model, config, tmp_path) == []


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
        graph({"window": (TensorProto.BFLOAT16, ("batch", 60, 5))}),
        BATCHED.replace('window" data_type: TYPE_FP32', 'window" data_type: TYPE_BF16'),
        "spec.model.inputs[window].dataType: found BF16, expected a type that ONNX Runtime's"
        " backend takes; convert it within the model, and export it again",
    ),
}


@pytest.mark.parametrize(("model", "config", "sentence"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_a_graph_differs(
    model: onnx.ModelProto, config: str, sentence: str, tmp_path: Path
) -> None:
    assert said(model, config, tmp_path) == [sentence]


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
    assert said(model, BATCHED, tmp_path) == [
        "model.onnx: found no model.onnx.data beside it, expected the files with its weights;"
        " serve the folder that holds both, or save the model as one file"
    ]
    (tmp_path / "model.onnx.data").write_bytes(b"\0" * 4)
    assert said(model, BATCHED, tmp_path) == []


def archive(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        for name, content in files.items():
            written.writestr(f"model/{name}", content)
    return buffer.getvalue()


def torchscript(arguments: str) -> bytes:
    code = f"class Prices(Module):\n  def forward(self: __torch__.Prices, {arguments}) -> Tensor:\n"
    return archive(
        {
            "data.pkl": b"\x80\x02c__torch__\nPrices\nq\x00)\x81.",
            "constants.pkl": pickle.dumps(()),
            "code/__torch__.py": code + "    return window\n",
        }
    )


def inputs(*names: str) -> str:
    return "".join(f'input {{ name: "{name}" data_type: TYPE_FP32 dims: 1 }}' for name in names)


TWO = torchscript("window: Tensor, mask: Tensor")
EXPORT = (
    "; export it with torch.jit.trace or torch.jit.script, and write it with"
    ' torch.jit.save(model, "model.pt")'
)
TORCH: dict[str, tuple[bytes, str, list[str]]] = {
    "arguments by name": (TWO, inputs("mask", "window"), []),
    "arguments by index": (TWO, inputs("WINDOW__0", "MASK__1"), []),
    "arguments by order": (TWO, inputs("WINDOW", "MASK"), []),
    "an argument with a default left out": (
        torchscript("window: Tensor, mask: Optional[Tensor]=None"),
        inputs("window"),
        [],
    ),
    "a dictionary of tensors": (
        torchscript("batch: Dict[str, Tensor]"),
        inputs("batch(window)", "batch(mask)"),
        [],
    ),
    "names of which only some are arguments": (
        TWO,
        inputs("mask", "WINDOW"),
        [
            'spec.model.inputs[WINDOW].name: found "WINDOW", expected an argument of the'
            " artifact's forward(window, mask), as mask is; name all inputs by argument: Triton"
            " ignores the names where one is none"
        ],
    ),
    "too few inputs": (
        TWO,
        inputs("window"),
        [
            "spec.model.inputs: found 1 (window), expected one for each argument of the artifact's"
            " forward(window, mask); add or remove inputs, or export the model again"
        ],
    ),
    "too many inputs": (
        torchscript("window: Tensor"),
        inputs("A__0", "B__1"),
        [
            "spec.model.inputs: found 2 (A__0, B__1), expected one for each argument of the"
            " artifact's forward(window); add or remove inputs, or export the model again"
        ],
    ),
    "a state_dict": (
        archive({"data.pkl": b"", "version": "3"}),
        "",
        [
            "model.pt: found a state_dict or pickled module of torch.save, expected a TorchScript"
            " archive" + EXPORT
        ],
    ),
    "an old pickle": (
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
        "",
        ["model.pt: found a pickle of torch.save, expected a TorchScript archive" + EXPORT],
    ),
    "an exported program": (
        archive({"models/model.json": "{}", "archive_format": "pt2"}),
        "",
        ["model.pt: found an archive of torch.export, expected a TorchScript archive" + EXPORT],
    ),
    "another archive": (
        archive({"readme.txt": "hello"}),
        "",
        [
            "model.pt: found a zip archive of something else, expected a TorchScript archive"
            + EXPORT
        ],
    ),
    "half an archive": (
        TWO[: len(TWO) // 2],
        "",
        [
            "model.pt: found a damaged zip archive, expected a TorchScript archive; the file is"
            " cut short: upload the artifact again"
        ],
    ),
    "an empty file": (
        b"",
        "",
        ["model.pt: found an empty file, expected a model; upload the artifact again"],
    ),
    "a Git LFS pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "",
        [
            "model.pt: found a Git LFS pointer, expected the model itself; fetch the real file"
            " (git lfs pull) before uploading it"
        ],
    ),
    "a login page": (
        b"<!DOCTYPE html><html>Sign in</html>",
        "",
        [
            "model.pt: found an HTML page, expected the model itself; check source.uri and"
            " secretRef: a login or error page was downloaded"
        ],
    ),
}


@pytest.mark.parametrize(("content", "config", "sentences"), TORCH.values(), ids=TORCH.keys())
def test_a_torchscript_artifact(
    content: bytes, config: str, sentences: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    problems = check_artifact(ModelFormat.TORCHSCRIPT, path, parse_pbtxt(config))
    assert [str(problem) for problem in problems] == sentences


WORKS = "class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"
PYTHON: dict[str, tuple[str, list[str]]] = {
    "a model": (WORKS, []),
    "a model that is imported": ("from prices import TritonPythonModel\n", []),
    "a model that inherits execute": ("class TritonPythonModel(Base):\n    pass\n", []),
    "syntax of a newer Python": ("type Prices = list[float]\n" + WORKS, []),
    "no model": (
        "class Model:\n    pass\n",
        [
            "model.py: found no TritonPythonModel, expected a class TritonPythonModel; define"
            " class TritonPythonModel with execute(self, requests)"
        ],
    ),
    "a model that does nothing": (
        "class TritonPythonModel:\n    def initialize(self, args): ...\n",
        [
            "model.py:1: found TritonPythonModel without execute, expected the method execute;"
            " add execute(self, requests), which returns one response for each request"
        ],
    ),
    "a syntax error": (
        "class TritonPythonModel\n",
        ["model.py: found line 1: expected ':', expected a Python module; correct the syntax"],
    ),
}


@pytest.mark.parametrize(("source", "sentences"), PYTHON.values(), ids=PYTHON.keys())
def test_a_python_artifact(source: str, sentences: list[str], tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(source)
    problems = check_artifact(ModelFormat.PYTHON, tmp_path, parse_pbtxt(""))
    assert [str(problem) for problem in problems] == sentences


def test_a_plan_is_only_looked_at_from_outside(tmp_path: Path) -> None:
    (tmp_path / "model.plan").write_bytes(b"ftrt")
    assert check_artifact(ModelFormat.TENSORRT, tmp_path, parse_pbtxt("")) == []


def test_a_file_that_is_no_onnx_model_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\xff\xff not a graph")
    problems = check_artifact(ModelFormat.ONNX, tmp_path, parse_pbtxt(""))
    assert [str(problem) for problem in problems] == [
        "model.onnx: found no ONNX model, or one that is cut short, expected an ONNX model;"
        " upload the artifact again"
    ]


def test_a_folder_without_the_main_file_lists_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "lstm.onnx").write_bytes(b"x")
    problems = check_artifact(ModelFormat.ONNX, tmp_path, parse_pbtxt(""))
    assert [str(problem) for problem in problems] == [
        "model.onnx: found no such file (there are: lstm.onnx), expected the model's main file;"
        " rename the file, or set default_model_filename in triton.configOverrides"
    ]


def test_the_main_files_name_is_the_configs(tmp_path: Path) -> None:
    (tmp_path / "lstm.onnx").write_bytes(graph().SerializeToString())
    config = parse_pbtxt('default_model_filename: "lstm.onnx"')
    assert check_artifact(ModelFormat.ONNX, tmp_path, config) == []


def test_a_folder_of_the_main_files_name_is_an_onnx_model_with_weights(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").mkdir()
    (tmp_path / "model.onnx" / "model.onnx").write_bytes(graph().SerializeToString())
    assert check_artifact(ModelFormat.ONNX, tmp_path, parse_pbtxt(BATCHED)) == []
