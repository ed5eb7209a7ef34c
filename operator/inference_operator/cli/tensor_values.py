"""Values of tensors between files, Triton's binary form and the terminal.

numpy comes with the client of Triton, and is imported when a model is called.
"""

import json
import math
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference_operator.api.quoting import counted, listed, quoted, short
from inference_operator.domain.bounded_json import JsonLimits, parse_json
from inference_operator.probe.model_config import ProbedModel, Tensor

MOST_BYTES = 256 << 20
"""Largest request and answer of a call."""

_JSON = JsonLimits(size=64 << 20)
_SHOWN = 8
_TYPES: Mapping[str, Any] = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}


class InputsError(Exception):
    """Inputs that the model does not take; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of a request or an answer, in Triton's binary form."""

    name: str
    data_type: str
    shape: tuple[int, ...]
    content: bytes


def read_inputs(path: Path, model: ProbedModel) -> tuple[Value, ...]:
    """Return the inputs in a file that ends in .npz or .json; InputsError if the model takes
    others."""
    try:
        arrays = _npz(path) if path.suffix == ".npz" else _json(path)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputsError(f"--input: {path} cannot be read: {short(str(error), 300)}") from None
    by_name = {tensor.name: tensor for tensor in model.inputs}
    if strange := [name for name in arrays if name not in by_name]:
        raise InputsError(
            f"--input: found {listed(strange)}, expected inputs of the model:"
            f" {listed(by_name)}; rename it in {path}"
        )
    missing = [t.name for t in model.inputs if not t.optional and t.name not in arrays]
    if missing:
        raise InputsError(f"--input: found no {listed(missing)}, expected it; add it to {path}")
    return tuple(_value(by_name[name], values, model) for name, values in arrays.items())


def _npz(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MOST_BYTES:
        raise ValueError(f"it has {size:,} bytes, expected at most {MOST_BYTES:,}")
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _json(path: Path) -> dict[str, Any]:
    """Return `{"x": [[1, 2]]}`, or Triton's own form with a list of inputs."""
    with path.open("rb") as file:
        body = parse_json(file.read(_JSON.size + 1), _JSON)
    if not isinstance(body, dict):
        raise TypeError('expected a map of inputs, such as {"x": [[1.0, 2.0]]}')
    if isinstance(inputs := body.get("inputs"), list):
        return {item["name"]: _shaped(item) for item in inputs}
    return body


def _shaped(item: Mapping[str, Any]) -> Any:
    values = np.array(item["data"], dtype=object if item["datatype"] == "BYTES" else None)
    return values.reshape(item["shape"])


def _value(tensor: Tensor, values: Any, model: ProbedModel) -> Value:
    expected = [-1, *tensor.dims] if model.max_batch_size > 0 else list(tensor.dims)
    try:
        array = _array(values, tensor.data_type)
        content = _content(array, tensor.data_type)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputsError(
            f"--input {quoted(tensor.name)}: {short(str(error), 200)}; expected values of type"
            f" {tensor.data_type}"
        ) from None
    if not _fits(array.shape, expected):
        note = ", with the batch first" if model.max_batch_size > 0 else ""
        raise InputsError(
            f"--input {quoted(tensor.name)}: found shape {list(array.shape)}, expected"
            f" {expected}{note}"
        )
    return Value(tensor.name, tensor.data_type, array.shape, content)


def _fits(shape: Sequence[int], expected: Sequence[int]) -> bool:
    pairs = zip(shape, expected, strict=False)
    return len(shape) == len(expected) and all(e in (-1, size) for size, e in pairs)


def _array(values: Any, data_type: str) -> Any:
    if data_type == "BYTES":
        return np.array(values, dtype=object)
    given = np.asarray(values)
    if given.dtype.kind not in "biuf":
        raise ValueError(f"found {given.dtype.name} values, or rows of different lengths")
    wanted_type = _TYPES.get(data_type, np.float32)
    made = given.astype(wanted_type)
    if np.issubdtype(wanted_type, np.integer) and not np.array_equal(made, given):
        raise ValueError("found a value that is not a whole number, or too large")
    return made


def _content(array: Any, data_type: str) -> bytes:
    if data_type == "BYTES":
        texts = (v if isinstance(v, bytes) else str(v).encode() for v in array.flat)
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    if data_type == "BF16":
        bits = np.ascontiguousarray(array, "<f4").view("<u4")
        return bytes((((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")).tobytes())
    return bytes(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())


def values_of(value: Value) -> Iterator[Any]:
    """Yield the values in order; ValueError where the bytes are not those of the shape."""
    count = math.prod(value.shape)
    if value.data_type == "BYTES":
        yield from _texts(value.content, count)
        return
    if value.data_type == "BF16":
        halves = np.frombuffer(value.content, "<u2").astype("<u4") << 16
        array: Any = halves.view("<f4")
    else:
        array = np.frombuffer(value.content, np.dtype(_TYPES[value.data_type]).newbyteorder("<"))
    if len(array) != count:
        raise ValueError(f"found {len(array):,} values, expected {count:,}")
    yield from array[:_SHOWN].tolist()


def _texts(content: bytes, count: int) -> Iterator[str]:
    at = 0
    for _ in range(min(count, _SHOWN)):
        (length,) = struct.unpack_from("<I", content, at)
        yield content[at + 4 : at + 4 + length].decode("utf-8", "replace")
        at += 4 + length


def described(value: Value) -> str:
    """Return the line of an answer: `y FP32 [1, 4]: 3 5 7 9`; of many values the first ones."""
    try:
        first = list(values_of(value))
    except (ValueError, KeyError, struct.error) as error:
        reason = short(f"{type(error).__name__} {error}", 200)
        return f"{short(value.name)} {short(value.data_type)}: unreadable ({reason})"
    count = math.prod(value.shape)
    texts = [_shown(item) for item in first]
    more = f" and {counted(count - len(first), 'more value')}" if count > len(first) else ""
    head = f"{short(value.name)} {short(value.data_type)} {list(value.shape)}"
    return f"{head}: {' '.join(texts)}{more}"


def _shown(item: Any) -> str:
    if isinstance(item, float):
        return f"{item:.7g}"
    return quoted(item) if isinstance(item, str) else json.dumps(item)
