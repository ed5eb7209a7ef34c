"""Suggestions for names that are misspelt in a config.pbtxt: fields, and values of enums."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from inference_operator.api.suggestions import closest
from model_builders.protobuf import written_config

_NO_VALUE = re.compile(r'Enum type "(?P<enum>[\w.]+)" has no value named (?P<name>\w+)')
# Names of element types in NumPy, PyTorch, ONNX and Triton's own clients.
_SYNONYMS: Mapping[str, str] = {
    **dict.fromkeys(("BYTES", "STR", "CHAR", "TEXT", "OBJECT"), "STRING"),
    **dict.fromkeys(("FLOAT", "FLOAT32", "F32", "FP", "SINGLE", "REAL"), "FP32"),
    **dict.fromkeys(("DOUBLE", "FLOAT64", "F64"), "FP64"),
    **dict.fromkeys(("HALF", "FLOAT16", "F16"), "FP16"),
    **dict.fromkeys(("BFLOAT16", "BFP16", "BFLOAT"), "BF16"),
    **dict.fromkeys(("INT", "INTEGER", "I32"), "INT32"),
    **dict.fromkeys(("LONG", "I64", "BIGINT"), "INT64"),
    **dict.fromkeys(("SHORT", "I16"), "INT16"),
    **dict.fromkeys(("UINT", "U32"), "UINT32"),
    **dict.fromkeys(("BYTE", "UCHAR", "U8"), "UINT8"),
    **dict.fromkeys(("BOOLEAN",), "BOOL"),
}
_LONGEST = 64


def enum_suggestion(reason: str) -> str | None:
    """Return a remedy for the parser's reason if it is about a value that an enum does not have."""
    match = _NO_VALUE.search(reason)
    values = _enums().get(match["enum"]) if match else None
    if match is None or values is None:
        return None
    name = match["name"].upper()
    prefix = values[0].partition("_")[0]
    synonym = _SYNONYMS.get(name.removeprefix(f"{prefix}_")) if prefix == "TYPE" else None
    near = f"TYPE_{synonym}" if synonym else None
    if near is None and len(name) <= _LONGEST:
        full = name if name.startswith(f"{prefix}_") else f"{prefix}_{name}"
        near = full if full in values else closest(full, values, 0.75)
    return f"did you mean {near}?" if near else f"write one of {', '.join(values)}"


def field_suggestion(word: str) -> str | None:
    """Return a remedy for a word that is nearly a field's name."""
    near = closest(word, _fields(), 0.75)
    return f"did you mean {near}?" if near not in (None, word) else None


@cache
def _messages() -> tuple[Any, ...]:
    seen: dict[str, Any] = {}
    pending = [written_config().DESCRIPTOR]
    while pending:
        descriptor = pending.pop()
        if descriptor.full_name not in seen:
            seen[descriptor.full_name] = descriptor
            pending.extend(f.message_type for f in descriptor.fields if f.message_type)
    return tuple(seen.values())


@cache
def _fields() -> tuple[str, ...]:
    return tuple(field.name for message in _messages() for field in message.fields)


@cache
def _enums() -> Mapping[str, tuple[str, ...]]:
    enums = (f.enum_type for message in _messages() for f in message.fields if f.enum_type)
    return {enum.full_name: tuple(value.name for value in enum.values) for enum in enums}
