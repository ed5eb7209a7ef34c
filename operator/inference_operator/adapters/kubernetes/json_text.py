"""Scanner of JSON text that does not build the values, which may be nested too deep."""

import json
import re
from collections.abc import Iterator
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*+")
_STRING = r'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)'
_TOKEN = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)
_SCALAR = re.compile(rf"{_STRING}|[^\s,\[\]{{}}:\"]++", re.DOTALL)
_READER = json.JSONDecoder()


class BrokenJsonError(ValueError):
    """The text is not readable JSON; it may be nested too deep."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(f"found {text[at : at + 20]!r} at {at:,} of {len(text):,}, expected JSON")


def value_at(text: str, at: int) -> tuple[Any, int]:
    """Return the value that begins there, and its end.

    BrokenJsonError where it is invalid, nested too deep or a number of thousands of digits.
    """
    try:
        value, end = _READER.raw_decode(text, at)
        return value, end
    except (ValueError, RecursionError) as error:
        raise BrokenJsonError(text, at) from error


def end_of(text: str, at: int) -> int:
    """Return the end of the value that begins there, at any depth. Slow: 0.2 s for 1 MiB of
    brackets."""
    if text[at : at + 1] not in ("{", "["):
        scalar = _SCALAR.match(text, at)
        if scalar is None:
            raise BrokenJsonError(text, at)
        return scalar.end()
    depth = 0
    for token in _TOKEN.finditer(text, at):
        bracket = text[token.start()]
        if bracket in "{[":
            depth += 1
        elif bracket in "}]":
            depth -= 1
            if not depth:
                return token.end()
    raise BrokenJsonError(text, at)


def members(text: str, at: int = 0) -> Iterator[tuple[str, int, int]]:
    """Yield key, begin and end of each member of the object that begins there."""
    is_more, at = enter(text, at, "{")
    while is_more:
        key, begin = key_at(text, at)
        end = end_of(text, begin)
        yield key, begin, end
        is_more, at = go_on(text, end)


def enter(text: str, at: int, bracket: str) -> tuple[bool, int]:
    """Return whether the object or list there has members, and the place of its first key or item,
    or behind its end."""
    at = after_space(text, at)
    if text[at : at + 1] != bracket:
        raise BrokenJsonError(text, at)
    at = after_space(text, at + 1)
    is_empty = text[at : at + 1] in ("}", "]")
    return not is_empty, at + is_empty


def go_on(text: str, end: int) -> tuple[bool, int]:
    """Return whether another member follows the value that ends there, and its place."""
    at = after_space(text, end)
    if text[at : at + 1] == ",":
        return True, after_space(text, at + 1)
    if text[at : at + 1] in ("}", "]"):
        return False, at + 1
    raise BrokenJsonError(text, at)


def key_at(text: str, at: int) -> tuple[str, int]:
    """Return the key there, and the place of its value."""
    key, end = value_at(text, at)
    end = after_space(text, end)
    if not isinstance(key, str) or text[end : end + 1] != ":":
        raise BrokenJsonError(text, at)
    return key, after_space(text, end + 1)


def after_space(text: str, at: int) -> int:
    """Return the first place from there on that is not white space."""
    space = _SPACE.match(text, at)
    return space.end() if space else at
