"""Fields of an ONNX file, found without parsing it: its weights and nodes are stepped over.

Protobuf makes an object of each message, and an empty one has two bytes: a file of 8 MB would take
hundreds of MiB, and weights twice their size.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from mmap import mmap

_MAX_FIELDS = 1_000_000
_MAX_TENSORS = 20_000
_MAX_TENSOR = 16 << 10
_MAX_TENSORS_BYTES = 2 << 20
_MAX_FILES = 10_000
_MAX_PATH = 4096
_AGAIN = "upload the artifact again"
_BROKEN = "no ONNX model, or one that is cut short"

# Numbers of fields in onnx.proto.
_GRAPH = 7
_INITIALIZER, _INPUT, _OUTPUT = 5, 11, 12
_NAME, _EXTERNAL_DATA = 8, 13
_KEY, _VALUE = 1, 2
_FIXED_SIZES = {1: 8, 5: 4}
_VARINT, _BYTES = 0, 2

Field = tuple[int, int, int]
"""Number, and where the value begins and ends."""


class NotOnnxError(ValueError):
    """The file is not an ONNX model that can be served; says what was found and what to do."""

    def __init__(self, found: str, expected: str = "an ONNX model", remedy: str = _AGAIN) -> None:
        super().__init__(found)
        self.expected, self.remedy = expected, remedy


@dataclass(slots=True)
class GraphFields:
    """The inputs and outputs of a graph, as encoded ValueInfoProtos."""

    inputs: list[bytes] = field(default_factory=list)
    outputs: list[bytes] = field(default_factory=list)


def read_graph(data: mmap) -> GraphFields:
    """Return the inputs and outputs. NotOnnxError: broken, or too much to read."""
    found = GraphFields()
    size = 0
    walk = Walk(data)
    for number, start, end in walk.graph():
        if number not in (_INPUT, _OUTPUT):
            continue
        size += end - start
        tensors = found.inputs if number == _INPUT else found.outputs
        if end - start > _MAX_TENSOR or size > _MAX_TENSORS_BYTES or len(tensors) >= _MAX_TENSORS:
            raise NotOnnxError(
                "inputs and outputs that are too large to be read",
                f"at most {_MAX_TENSORS:,} of them, {_MAX_TENSOR >> 10} KiB each and"
                f" {_MAX_TENSORS_BYTES >> 20} MiB in all",
                "export the model with fewer inputs and outputs, or with shorter names",
            )
        tensors.append(data[start:end])
    return found


def read_initializers(data: mmap, names: set[str]) -> tuple[set[str], set[str]]:
    """Return those of `names` that have an initializer, and the files that hold weights."""
    encoded = {name.encode(): name for name in names}
    initialized: set[str] = set()
    files: set[str] = set()
    walk = Walk(data)
    for number, start, end in walk.graph():
        if number != _INITIALIZER:
            continue
        name = b""
        for inner, first, last in walk.fields(start, end):
            if inner == _NAME:
                name = data[first:last] if last - first <= _MAX_TENSOR else b""
            elif inner == _EXTERNAL_DATA and (path := _location(walk, first, last)) is not None:
                files.add(path)
        if name in encoded:
            initialized.add(encoded[name])
        if len(files) > _MAX_FILES:
            raise NotOnnxError(
                f"weights in more than {_MAX_FILES:,} files",
                f"at most {_MAX_FILES:,}",
                "save the weights as one file",
            )
    return initialized, files


def _location(walk: "Walk", start: int, end: int) -> str | None:
    """Return the path of an entry with the key `location`, None for others."""
    key, value = b"", b""
    for number, first, last in walk.fields(start, end):
        if last - first > _MAX_PATH:
            raise NotOnnxError(
                f"a path of weights of {last - first:,} bytes",
                f"at most {_MAX_PATH:,}",
                "save the model again with a shorter path",
            )
        if number == _KEY:
            key = walk.data[first:last]
        elif number == _VALUE:
            value = walk.data[first:last]
    return value.decode() if key == b"location" else None


class Walk:
    """Steps over encoded fields; counts them, so that a file of empty ones comes to an end."""

    def __init__(self, data: mmap) -> None:
        self.data = data
        self._left = _MAX_FIELDS

    def graph(self) -> Iterator[Field]:
        """Yield the fields of the graph; one in several parts is the parts put together."""
        for number, start, end in self.fields(0, len(self.data)):
            if number == _GRAPH:
                yield from self.fields(start, end)

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Yield strings and messages between two places; step over numbers."""
        place = start
        while place < end:
            self._count()
            tag, place = self._number(place, end)
            kind = tag & 7
            size = _FIXED_SIZES.get(kind)
            if kind == _VARINT:
                size = self._number(place, end)[1] - place
            elif kind == _BYTES:
                size, place = self._number(place, end)
            if size is None or tag < 8 or place + size > end:
                raise NotOnnxError(_BROKEN)
            if kind == _BYTES:
                yield tag >> 3, place, place + size
            place += size

    def _number(self, place: int, end: int) -> tuple[int, int]:
        value = shift = 0
        # A number has at most ten bytes, with seven bits each.
        for position in range(place, min(place + 10, end)):
            byte = self.data[position]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, position + 1
            shift += 7
        raise NotOnnxError(_BROKEN)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise NotOnnxError(
                f"more than {_MAX_FIELDS:,} nodes, weights and other fields",
                "a graph that can be read",
                "export the model with fewer nodes, and lists of strings outside of it",
            )
