"""Shapes of JSON with an unknown author: they return the first bad value, with its path. Shapes
never raise, and never go deeper than they define."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from inference_operator.api.quoting import python_value

DNS_NAME = r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One bad value: its path, the value and the requirement."""

    path: str
    actual: str
    expected: str

    def __str__(self) -> str:
        return f"{self.path}: found {self.actual}, expected {self.expected}"


Shape = Callable[[object, str], Mismatch | None]
"""A check of a value at a path; it returns None if the value has the shape."""


def mismatch(value: object, path: str, expected: str) -> Mismatch:
    """Return the mismatch, with the value as a message may quote it."""
    return Mismatch(path, quoted(value), expected)


def quoted(value: object) -> str:
    """Return the value as a message may quote it; maps and lists by their kind.

    >>> quoted("kube-system"), quoted({"a": 1}), quoted(None)
    ("'kube-system'", 'a map', 'nothing')
    """
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return python_value(value)


def equal(expected: str | bool | Mapping[str, object]) -> Shape:
    """Accept this value alone. In JSON, 1 and true differ."""

    def check(value: object, path: str) -> Mismatch | None:
        if value == expected and isinstance(value, bool) == isinstance(expected, bool):
            return None
        text = quoted(expected) if isinstance(expected, str) else str(expected)
        return mismatch(value, path, text)

    return check


def text(pattern: str = r"[\s\S]*", expected: str = "a string", most: int = 1024) -> Shape:
    """Accept a string of at most `most` characters that the whole pattern matches."""
    compiled = re.compile(pattern)

    def check(value: object, path: str) -> Mismatch | None:
        if isinstance(value, str) and len(value) <= most and compiled.fullmatch(value):
            return None
        return mismatch(value, path, expected)

    return check


def one_of(*words: str) -> Shape:
    """Accept one of the words."""

    def check(value: object, path: str) -> Mismatch | None:
        is_one = isinstance(value, str) and value in words
        return None if is_one else mismatch(value, path, f"one of {', '.join(words)}")

    return check


def either(*shapes: Shape) -> Shape:
    """Accept a value of one of the shapes; the mismatch that leads deepest is reported."""

    def check(value: object, path: str) -> Mismatch | None:
        problems = [shape(value, path) for shape in shapes]
        if any(problem is None for problem in problems):
            return None
        return max(filter(None, problems), key=lambda problem: problem.path.count("."))

    return check


def whole(least: int, most: int) -> Shape:
    """Accept a whole number within these bounds, both included."""

    def check(value: object, path: str) -> Mismatch | None:
        if type(value) is int and least <= value <= most:
            return None
        return mismatch(value, path, f"a whole number from {least} to {most}")

    return check


def quantity(value: object, path: str) -> Mismatch | None:
    """Accept a possible amount of a resource; the API server reads it."""
    if type(value) is int and 0 <= value < 2**63:
        return None
    if isinstance(value, float) and math.isfinite(value):
        return None
    return text(r"[-+.0-9A-Za-z]+", "a quantity", 64)(value, path)


def items(shape: Shape, least: int = 0, most: int = 64) -> Shape:
    """Accept a list of `least` to `most` items of that shape."""

    def check(value: object, path: str) -> Mismatch | None:
        if not isinstance(value, list | tuple) or not least <= len(value) <= most:
            return mismatch(value, path, f"a list of {least} to {most} items")
        problems = (shape(item, f"{path}[{index}]") for index, item in enumerate(value))
        return next(filter(None, problems), None)

    return check


def in_order(*shapes: Shape) -> Shape:
    """Accept a list whose items have exactly these shapes, in this order."""

    def check(value: object, path: str) -> Mismatch | None:
        if not isinstance(value, list | tuple) or len(value) != len(shapes):
            return mismatch(value, path, f"a list of exactly {len(shapes)}")
        pairs = enumerate(zip(shapes, value, strict=True))
        problems = (shape(item, f"{path}[{index}]") for index, (shape, item) in pairs)
        return next(filter(None, problems), None)

    return check


def table(shape: Shape, most: int = 64) -> Shape:
    """Accept a map from strings to values of that shape."""

    def check(value: object, path: str) -> Mismatch | None:
        if not isinstance(value, Mapping) or len(value) > most:
            return mismatch(value, path, f"a map of at most {most} keys")
        problems = (_entry(shape, key, item, path) for key, item in value.items())
        return next(filter(None, problems), None)

    return check


def fields(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """Accept a map with all required fields, and no others except the optional ones."""
    shapes = {**required, **(optional or {})}

    def check(value: object, path: str) -> Mismatch | None:
        if not isinstance(value, Mapping):
            return mismatch(value, path, "a map")
        problems = (_field(shapes, key, item, path) for key, item in value.items())
        if (problem := next(filter(None, problems), None)) is not None:
            return problem
        for name, shape in required.items():
            if name not in value:
                absent = shape(None, f"{path}.{name}")
                return absent or mismatch(None, f"{path}.{name}", "a value")
        return None

    return check


def _entry(shape: Shape, key: object, value: object, path: str) -> Mismatch | None:
    if not isinstance(key, str):
        return mismatch(key, path, "keys that are strings")
    return shape(value, f"{path}[{quoted(key)}]")


def _field(shapes: Mapping[str, Shape], key: object, value: object, path: str) -> Mismatch | None:
    if not isinstance(key, str):
        return mismatch(key, path, "keys that are strings")
    if key in shapes:
        return shapes[key](value, f"{path}.{key}")
    return mismatch(value, f"{path}[{quoted(key)}]", "no such field")
