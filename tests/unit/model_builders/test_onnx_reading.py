"""ONNX files are read within bounds: hostile ones take little memory, honest ones are read."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from inference_operator.api.model import ModelFormat
from model_builders import onnx_fields
from model_builders.artifact import check_artifact, onnx_signature
from model_builders.config import parse_pbtxt
from model_builders.onnx_fields import NotOnnxError
from tests.memory import measure
from tests.unit.model_builders.onnx_graphs import BATCHED, graph

MIB = 1 << 20


def problems_of(path: Path, config: str = "") -> list[str]:
    problems = check_artifact(ModelFormat.ONNX, path, parse_pbtxt(config))
    return [str(problem) for problem in problems]


def varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def message(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


OUTPUT = message(12, graph().graph.output[0].SerializeToString())
ENTRY = message(13, message(1, b"location") + message(2, b"w.data"))
CONSTANT = message(1, message(5, message(5, ENTRY)))


def nested(levels: int, padding: bytes) -> bytes:
    """Return a node with graphs within graphs, each with padding beside the next one."""
    node = CONSTANT
    for _ in range(levels):
        node = message(1, message(5, message(6, node + padding)))
    return node


def part(number: int) -> bytes:
    location = message(1, b"location") + message(2, b"%d" % number + b"a" * 300)
    return message(5, message(13, location))


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty nodes": lambda: OUTPUT + message(1, b"") * 1_000_000,
    "as many empty nodes as are read": lambda: message(1, b"") * 299_000,
    "empty inputs": lambda: OUTPUT + message(11, b"") * 500_000,
    "dimensions": lambda: message(
        12, message(2, message(1, message(2, message(1, b"") * (2 * MIB))))
    ),
    "dimensions of many inputs": lambda: (
        OUTPUT + message(11, message(2, message(1, message(2, message(1, b"") * 8000)))) * 120
    ),
    "files of weights": lambda: OUTPUT + b"".join(map(part, range(10_100))),
    "a long path": lambda: (
        OUTPUT + message(5, message(13, message(1, b"location") + message(2, bytes(MIB))))
    ),
    "nodes with the key": lambda: OUTPUT + CONSTANT * 290_000,
    "small graphs with the key and empty tensors": lambda: (
        OUTPUT
        + message(1, message(5, message(6, message(5, ENTRY) + message(5, b"") * 30_000))) * 300
    ),
    "large graphs with empty nodes": lambda: (
        OUTPUT + message(1, message(5, message(6, message(1, b"") * MIB)))
    ),
    "deep graphs": lambda: OUTPUT + nested(60, message(2, bytes(100_000))),
    "many deep graphs": lambda: OUTPUT + nested(30, message(2, bytes(1900))) * 1000,
    "numbers": lambda: OUTPUT + b"\x18\x00" * 1_000_000,
    "an endless number": lambda: b"\x80" * MIB,
    "a length beyond the file": lambda: b"\x0a" + varint(1 << 62) + bytes(MIB),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_takes_little_memory_and_a_short_sentence(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    (tmp_path / "model.onnx").write_bytes(message(7, make()))
    outcome = measure("check", "onnx", tmp_path)
    assert outcome.answer.startswith(("model.onnx: found ", "spec.model.inputs"))
    assert "unexpected" not in outcome.answer
    assert len(outcome.answer) < 5000
    assert outcome.growth < 100


def test_fields_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_fields, "_MAX_FIELDS", 3)
    (tmp_path / "model.onnx").write_bytes(graph().SerializeToString())
    assert problems_of(tmp_path, BATCHED) == [
        "model.onnx: found more than 3 nodes, weights and other fields, expected a graph that can"
        " be read; export the model with fewer nodes, and lists of strings outside of it"
    ]


def large() -> onnx.ModelProto:
    """A graph of 50,000 nodes and 20,000 initializers in another file."""
    model = graph()
    model.graph.node.extend(
        helper.make_node("Add", [f"a{n}", f"b{n}"], [f"c{n}"], name=f"/layers.{n}/location/Add")
        for n in range(50_000)
    )
    for number in range(20_000):
        tensor = model.graph.initializer.add(name=f"w{number}", data_type=1, dims=[4, 4])
        tensor.data_location = TensorProto.EXTERNAL
        values = {"location": "model.onnx.data", "offset": str(number * 64), "length": "64"}
        for key, value in values.items():
            tensor.external_data.add(key=key, value=value)
    return model


def test_a_large_graph_is_read(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(large().SerializeToString())
    (tmp_path / "model.onnx.data").write_bytes(b"w")
    assert problems_of(tmp_path, BATCHED) == []
    outcome = measure("check", "onnx", tmp_path)
    assert outcome.growth < 32


def test_two_gib_of_weights_in_the_file_are_stepped_over(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    parts = [graph().SerializeToString()]
    size = 500 * MIB
    with file.open("wb") as out:
        out.write(parts[0])
        for number in range(4):
            head = message(8, b"w%d" % number) + varint(9 << 3 | 2) + varint(size)
            tensor = varint(5 << 3 | 2) + varint(len(head) + size) + head
            out.write(varint(7 << 3 | 2) + varint(len(tensor) + size) + tensor)
            out.seek(size, 1)  # a hole, so that no disk is taken
        out.write(message(7, message(5, message(8, b"last") + ENTRY)))
    assert file.stat().st_size > 2000 * MIB
    assert onnx_signature(file).external_files == ("w.data",)
    outcome = measure("check", "onnx", tmp_path)
    assert "found no w.data beside it" in outcome.answer
    assert outcome.growth < 16


def test_a_file_that_protobuf_does_not_read_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(graph().SerializeToString())
    with file.open("r+b") as out:
        out.truncate(1 << 31)
    assert problems_of(tmp_path, BATCHED) == [
        "model.onnx: found 2,147,483,648 bytes, expected at most 2,147,483,647, since protobuf"
        " reads no more; save the model with its weights in another file"
    ]


def test_a_graph_in_two_parts_is_read_as_one(tmp_path: Path) -> None:
    model = graph()
    parts = [onnx.ModelProto(), onnx.ModelProto()]
    parts[0].graph.input.extend(model.graph.input)
    parts[1].graph.output.extend(model.graph.output)
    (tmp_path / "model.onnx").write_bytes(b"".join(part.SerializeToString() for part in parts))
    assert problems_of(tmp_path, BATCHED) == []


def test_the_key_is_found_however_it_is_encoded(tmp_path: Path) -> None:
    # Numbers in more bytes than they need, and the path before its key.
    key = b"\x8a\x00" + b"\x88\x80\x00" + b"location"
    entry = message(13, message(2, b"../x") + key)
    (tmp_path / "model.onnx").write_bytes(message(7, OUTPUT + message(5, entry)))
    assert onnx_signature(tmp_path / "model.onnx").external_files == ("../x",)


def test_a_key_across_two_windows_is_found(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    node = message(1, message(3, b"n"))
    for shift in range(40):
        filling = message(2, b"g" * (shift + 120)) + node * 13_080
        file.write_bytes(message(7, OUTPUT + filling + CONSTANT + node * 100))
        assert onnx_signature(file).external_files == ("w.data",), shift


def test_a_message_names_some_of_many_inputs(tmp_path: Path) -> None:
    inputs = {f"{n}{'x' * 80}": (TensorProto.FLOAT, (1,) * 100) for n in range(900)}
    (tmp_path / "model.onnx").write_bytes(graph(inputs).SerializeToString())
    config = BATCHED.replace('"window"', f'"0{"x" * 80}"')
    problems = problems_of(tmp_path, config)
    assert "and 890 more" in problems[1]
    assert len(problems) < 25
    assert max(map(len, problems)) < 5000


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_a_file_that_is_cut_short_is_said_so(tmp_path: Path, cut: int) -> None:
    body = graph().SerializeToString()
    (tmp_path / "model.onnx").write_bytes(body[: max(1, len(body) - 1 - cut)])
    (problem,) = problems_of(tmp_path)
    assert problem.startswith("model.onnx: found ")


def expected(model: onnx.ModelProto) -> tuple[list[str], list[str]]:
    """Return inputs without an initializer, and all paths of weights, as `onnx` reads them."""
    initialized = {tensor.name for tensor in model.graph.initializer}
    nodes = list(model.graph.node)
    tensors = list(model.graph.initializer)
    while nodes:
        for attribute in nodes.pop().attribute:
            tensors += [attribute.t, *attribute.tensors]
            for inner in (attribute.g, *attribute.graphs):
                nodes += inner.node
                tensors += inner.initializer
    paths = {e.value for t in tensors for e in t.external_data if e.key == "location"}
    inputs = [value.name for value in model.graph.input if value.name not in initialized]
    return inputs, sorted(paths)


NAMES = st.sampled_from(["a", "b", "window", "location", "locationlocation"])


@st.composite
def tensors(draw: st.DrawFn) -> TensorProto:
    made = TensorProto(name=draw(NAMES), raw_data=bytes(draw(st.sampled_from([0, 3, 70_000]))))
    for key in draw(st.lists(st.sampled_from(["location", "offset"]), max_size=2)):
        made.external_data.add(key=key, value=draw(NAMES))
    return made


@st.composite
def graphs(draw: st.DrawFn, levels: int = 2) -> onnx.GraphProto:
    made = onnx.GraphProto(initializer=draw(st.lists(tensors(), max_size=3)))
    for name in draw(st.lists(NAMES, max_size=3)):
        node = made.node.add(name=name)
        attribute = node.attribute.add(name="x", tensors=draw(st.lists(tensors(), max_size=2)))
        if levels and draw(st.booleans()):
            attribute.g.CopyFrom(draw(graphs(levels - 1)))
    return made


@given(graphs(), st.lists(NAMES, max_size=3))
def test_what_is_found_is_what_onnx_reads(
    tmp_path_factory: pytest.TempPathFactory, made: onnx.GraphProto, inputs: list[str]
) -> None:
    model = onnx.ModelProto(graph=made)
    model.graph.output.extend(graph().graph.output)
    for name in inputs:
        model.graph.input.add(name=name)
    file = tmp_path_factory.getbasetemp() / "read.onnx"
    file.write_bytes(model.SerializeToString())
    signature = onnx_signature(file)
    assert ([t.name for t in signature.inputs], list(signature.external_files)) == expected(model)


@given(st.data())
def test_no_damage_is_another_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    body = bytearray(
        graph(initializer=[TensorProto(name="w", raw_data=b"x" * 9)]).SerializeToString()
    )
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.getbasetemp() / "damaged.onnx"
    file.write_bytes(bytes(body))
    with suppress(NotOnnxError):
        onnx_signature(file)


@pytest.mark.parametrize(("dimensions", "is_read"), [(50_000, True), (50_010, False)])
def test_dimensions_are_limited_in_all(tmp_path: Path, dimensions: int, is_read: bool) -> None:
    shape = message(2, message(1, b"") * 10)
    output = message(12, message(1, b"y") + message(2, message(1, shape)))
    (tmp_path / "model.onnx").write_bytes(message(7, output * (dimensions // 5)))
    if is_read:
        assert len(onnx_signature(tmp_path / "model.onnx").outputs) == 10_000
    else:
        with pytest.raises(NotOnnxError, match="too large to be read"):
            onnx_signature(tmp_path / "model.onnx")
