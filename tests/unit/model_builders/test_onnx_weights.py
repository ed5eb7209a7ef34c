"""Files with an ONNX model's weights: in its own folder, wherever the graph names them."""

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from inference_operator.api.model import ModelFormat
from model_builders.artifact import check_artifact, onnx_signature
from model_builders.config import parse_pbtxt
from tests.unit.model_builders.onnx_graphs import BATCHED, graph


def elsewhere(location: str, name: str = "w") -> TensorProto:
    """A tensor whose values lie in the file at `location`."""
    tensor = helper.make_tensor(name, TensorProto.FLOAT, [1], [2.0])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    return tensor


def problems(tmp_path: Path, *locations: str) -> list[str]:
    folder = tmp_path / "lstm" / "1"
    folder.mkdir(parents=True)
    weights = [elsewhere(location, f"w{n}") for n, location in enumerate(locations)]
    (folder / "model.onnx").write_bytes(graph(initializer=weights).SerializeToString())
    for name in ("model.onnx.data", "onnx::MatMul_12", "parts/a b"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(bytes(4))
    result = check_artifact(ModelFormat.ONNX, folder, parse_pbtxt(BATCHED))
    return [str(problem) for problem in result]


def test_weights_in_the_models_folder_are_taken(tmp_path: Path) -> None:
    assert problems(tmp_path, "model.onnx.data", "./onnx::MatMul_12", "parts/a b") == []


@pytest.mark.parametrize(
    "location",
    ["/etc/hostname", "../../fx/1/model.onnx", "parts/../../../fx/1/x", "..", "a\\..\\b", ""],
    ids=[
        "an absolute path",
        "a file of another model",
        "a way out through a folder",
        "two dots",
        "backslashes",
        "no name",
    ],
)
def test_weights_outside_are_refused(location: str, tmp_path: Path) -> None:
    (tmp_path / "fx" / "1").mkdir(parents=True)
    (tmp_path / "fx" / "1" / "model.onnx").write_bytes(bytes(4))
    (problem,) = problems(tmp_path, location)
    assert problem.startswith("model.onnx: found weights in ")
    assert problem.endswith(
        ", expected paths of files in the model's own folder; save the model again, with its"
        " weights beside it"
    )


@pytest.mark.parametrize(
    "location", ["x\0y", "x\x1b[2J", "a" * 2000, "*/_ORT_MEM_ADDR_/*"], ids=lambda name: name[:4]
)
def test_a_location_that_is_no_file_name_is_refused_in_a_short_plain_message(
    location: str, tmp_path: Path
) -> None:
    (problem,) = problems(tmp_path, location)
    assert problem.isprintable()
    assert len(problem) < 400


def test_many_missing_files_make_a_short_message(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, *(f"part-{n}" for n in range(40)))
    assert "found no part-0, part-1, part-10, part-11, part-12 and 35 more beside it" in problem


def _in_a_constant() -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["c"], value=elsewhere("../x"))
    return helper.make_model(helper.make_graph([node], "g", [], []))


def _in_a_branch() -> onnx.ModelProto:
    inner = helper.make_graph([], "inner", [], [], initializer=[elsewhere("../x")])
    node = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    return helper.make_model(helper.make_graph([node], "g", [], []))


def _in_a_function() -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["c"], value=elsewhere("../x"))
    function = helper.make_function("local", "f", [], ["c"], [node], [])
    return helper.make_model(helper.make_graph([], "g", [], []), functions=[function])


def _in_a_default_of_a_function() -> onnx.ModelProto:
    default = helper.make_attribute("value", elsewhere("../x"))
    function = helper.make_function("local", "f", [], ["c"], [], [], attribute_protos=[default])
    return helper.make_model(helper.make_graph([], "g", [], []), functions=[function])


def _in_training() -> onnx.ModelProto:
    model = helper.make_model(helper.make_graph([], "g", [], []))
    model.training_info.add().algorithm.initializer.append(elsewhere("../x"))
    return model


def _beside_weights_in_the_file() -> onnx.ModelProto:
    values = helper.make_tensor("v", TensorProto.FLOAT, [50_000], bytes(200_000), raw=True)
    node = helper.make_node("Constant", [], ["c"], values=elsewhere("../x"), more=values)
    inner = helper.make_graph([node], "inner", [], [], initializer=[values])
    branch = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    return helper.make_model(helper.make_graph([branch], "g", [], []))


def _in_a_sparse_tensor() -> onnx.ModelProto:
    model = helper.make_model(helper.make_graph([], "g", [], []))
    model.graph.sparse_initializer.add().values.CopyFrom(elsewhere("../x"))
    return model


@pytest.mark.parametrize(
    "make",
    [
        _in_a_constant,
        _in_a_branch,
        _in_a_function,
        _in_a_default_of_a_function,
        _in_training,
        _beside_weights_in_the_file,
        _in_a_sparse_tensor,
    ],
)
def test_weights_are_found(make: Callable[[], onnx.ModelProto], tmp_path: Path) -> None:
    model = make()
    model.graph.output.extend(graph().graph.output)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    assert onnx_signature(tmp_path / "model.onnx").external_files == ("../x",)


def test_the_file_for_one_kind_of_gpu_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(graph().SerializeToString())
    other = graph(initializer=[elsewhere("../fx/1/model.onnx")])
    (tmp_path / "hopper.onnx").write_bytes(other.SerializeToString())
    names = (
        'cc_model_filenames { key: "9.0" value: "hopper.onnx" }'
        ' cc_model_filenames { key: "8.0" value: "ampere.onnx" }'
    )
    config = parse_pbtxt(BATCHED + names)
    (problem,) = check_artifact(ModelFormat.ONNX, tmp_path, config)
    assert str(problem).startswith('hopper.onnx: found weights in "../fx/1/model.onnx", expected')
