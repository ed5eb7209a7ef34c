"""Text of a small manifest: YAML that kubectl reads as it is meant, with a line for each tensor.

Every text that YAML could read as another type, such as `y`, `1e3` or a digest of digits, has
quotes.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from inference_operator.domain.kubectl_scalars import is_text

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(:[A-Za-z0-9_./@-]+)*", re.ASCII)
_INLINE = frozenset({"inputs", "outputs", "accelerator", "secretRef", "metadata"})


def manifest_text(body: Mapping[str, Any]) -> str:
    """Return the manifest of maps, lists, texts and whole numbers, in the order of its keys."""
    return "".join(f"{line}\n" for line in _block(body, ""))


def _block(body: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in body.items():
        if isinstance(value, list) and value:
            yield f"{indent}{key}:"
            yield from (f"{indent}- {_flow(item)}" for item in value)
        elif isinstance(value, Mapping) and key not in _INLINE:
            yield f"{indent}{key}:"
            yield from _block(value, f"{indent}  ")
        else:
            yield f"{indent}{key}: {_flow(value)}"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value) if isinstance(value, str) else json.dumps(value)


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and is_text(text):
        return text
    # JSON's escapes are YAML's; those beyond the first plane would become two halves.
    escaped = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else _escape(c) for c in escaped)


def _escape(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
