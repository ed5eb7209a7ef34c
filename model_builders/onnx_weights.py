"""Search for files with the weights of an ONNX model, and checks that they are its own.

ONNX Runtime opens each file by its path relative to the model's folder.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.message import DecodeError, Message

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import listed, short
from model_builders.file_names import MAX_PATH
from model_builders.onnx_fields import BROKEN, WINDOW, FieldReader, NotOnnxError

# ONNX Runtime takes such a location for an address in its own memory.
_IN_MEMORY = "_ORT_MEM_ADDR_"
_SHOWN = 5
_MAX_FILES = 10_000
_MAX_LOCATION = 8192
# Limits on parsed messages: bytes, and messages in them.
_MAX_PARSED = 16 << 20
_MAX_MESSAGES = 250_000
# Protobuf's own bound on messages within messages.
_MAX_LEVELS = 100
KEY = b"location"
"""The key of such a path: however it is encoded, these bytes are in the file."""

# Messages of onnx.proto that lead to tensors, by the numbers of their fields.
_BELOW: Mapping[str, Mapping[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: "TensorProto",
        6: "GraphProto",
        10: "TensorProto",
        11: "GraphProto",
        22: "SparseTensorProto",
        23: "SparseTensorProto",
    },
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "TensorProto": {13: "StringStringEntryProto"},
    "StringStringEntryProto": {},
}
_REMEDY = "serve the folder that holds both, or save the model as one file"


class ExternalFiles:
    """The paths of all files that tensors of a model lie in, found on a walk over its fields.

    Tensors are initializers, and attributes of nodes and functions; both may be in graphs within
    graphs. Raises NotOnnxError: broken, or too much to read.
    """

    def __init__(self, reader: FieldReader) -> None:
        self._reader = reader
        self._parsed = self._messages = 0
        self.paths: set[str] = set()

    def look_into(self, kind: str, number: int, start: int, end: int, level: int = 1) -> None:
        """Find the paths in one field of a message of that kind.

        Small messages with the key in them are parsed, large ones walked over: they hold weights.
        """
        inner = _BELOW[kind].get(number)
        if inner is None:
            return
        if end - start > WINDOW:
            self._walk(inner, start, end, level)
        elif self._reader.may_hold_text(start, end):
            self._parse(inner, start, end)

    def _walk(self, kind: str, start: int, end: int, level: int) -> None:
        if level > _MAX_LEVELS:
            raise NotOnnxError(
                f"more than {_MAX_LEVELS} levels of graphs within graphs",
                "a graph that can be read",
                "export the model with fewer loops and branches within each other",
            )
        if kind == "StringStringEntryProto":
            raise _too_much(f"a path of weights of {end - start:,} bytes", f"{_MAX_LOCATION:,}")
        for field in self._reader.fields(start, end):
            self.look_into(kind, *field, level + 1)

    def _parse(self, kind: str, start: int, end: int) -> None:
        import onnx

        self._parsed += end - start
        if self._parsed > _MAX_PARSED:
            raise _too_much(
                f"more than {_MAX_PARSED >> 20} MiB of nodes and weights in other files",
                f"{_MAX_PARSED >> 20} MiB",
            )
        try:
            message = getattr(onnx, kind).FromString(self._reader.content(start, end))
        except (DecodeError, RuntimeError, ValueError) as error:
            raise NotOnnxError(BROKEN) from error
        pending = [(kind, message)]
        while pending:
            kind, message = pending.pop()
            self._count()
            if kind == "StringStringEntryProto" and message.key == "location":
                self._add(message.value)
            pending += _below(kind, message)

    def _count(self) -> None:
        self._messages += 1
        if self._messages > _MAX_MESSAGES:
            raise _too_much(
                f"more than {_MAX_MESSAGES:,} nodes and weights in other files",
                f"{_MAX_MESSAGES:,}",
            )

    def _add(self, path: str | bytes) -> None:
        # protobuf returns the bytes of a text that cannot be decoded.
        self.paths.add(path if isinstance(path, str) else path.decode("utf-8", "surrogateescape"))
        if len(path) > _MAX_LOCATION:
            raise _too_much(f"a path of weights of {len(path):,} bytes", f"{_MAX_LOCATION:,}")
        if len(self.paths) > _MAX_FILES:
            raise _too_much(f"weights in more than {_MAX_FILES:,} files", f"{_MAX_FILES:,}")


def _too_much(value: str, most: str) -> NotOnnxError:
    return NotOnnxError(
        value, f"at most {most}", "save the model again, with its weights in one file"
    )


def check_external_files(
    model: str, names: Sequence[str], is_there: Callable[[str], bool]
) -> Iterator[Problem]:
    """Yield a problem for files outside of the model's folder, and one for missing files.

    `model` is the name of the model's own file. `is_there` returns whether a file is in its folder.
    """
    outside = [name for name in names if not _stays_inside(name)]
    if outside:
        yield Problem(
            model,
            f"weights in {listed(outside, most=_SHOWN)}",
            "paths of files in the model's own folder",
            "save the model again, with its weights beside it",
        )
    inside = [name for name in names if name not in outside]
    if missing := [name for name in inside if not is_there(name)]:
        yield Problem(
            model,
            f"no {listed(missing, show=short, most=_SHOWN)} beside it",
            "the files with its weights",
            _REMEDY,
        )


def _stays_inside(name: str) -> bool:
    return (
        0 < len(name) <= MAX_PATH
        and name.isprintable()
        and "\\" not in name
        and _IN_MEMORY not in name
        and not name.startswith("/")
        and ".." not in name.split("/")
    )


def _below(kind: str, message: Any) -> Iterator[tuple[str, Any]]:
    """Yield the messages within a parsed one that may lead to entries, each with its kind."""
    kinds = _BELOW[kind]
    for descriptor, value in message.ListFields() if kinds else ():
        if (inner := kinds.get(descriptor.number)) is not None:
            each = (value,) if isinstance(value, Message) else value
            yield from ((inner, part) for part in each)
