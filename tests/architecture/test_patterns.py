"""No regular expression takes more than linear time: what they read, others write.

Each pattern of the operator and of `model_builders` is found in the source, and run as the source
runs it over texts that make overlapping quantifiers try all their ways.
"""

import ast
import importlib
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {"operator/inference_operator": ROOT / "operator", "model_builders": ROOT}
METHODS = {"match", "fullmatch", "search", "sub", "findall", "finditer", "split"}
# Run inside Triton or for training, over the user's own data.
LEFT_OUT = ("model_builders.builtin.python", "model_builders.features", "__main__")
SIZE = 2000
PIECES = (
    "a", "1", " ", "_", ".", "/", "=", '"', "[", "{", "\\", "\n", "a.", "a/", "a=", 'a="', "a_",
    "__1", "a ", "[a", "{a", "type ", "def ", "except ", "failed to load '", "spec.model.",
    "Insufficient ",
)  # fmt: skip
STARTS = ("", "a", "runs:/a/")
ENDS = ("", "\n", "a")
# Seconds for `SIZE` characters, below which nothing is quadratic.
AT_ONCE = 0.002


def calls() -> Iterator[tuple[str, str, object]]:
    """Module, method and pattern of each use of a regular expression."""
    for folder, root in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            if "re." in (text := path.read_text()) and not any(part in name for part in LEFT_OUT):
                for call in ast.walk(ast.parse(text)):
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                        yield from used(name, call, call.func)


def used(name: str, call: ast.Call, function: ast.Attribute) -> Iterator[tuple[str, str, object]]:
    if function.attr not in METHODS or not isinstance(function.value, ast.Name):
        return
    is_inline = function.value.id == "re"
    source = call.args[0] if is_inline else function.value
    try:
        code = compile(ast.Expression(source), name, "eval")
        pattern = eval(code, dict(vars(importlib.import_module(name))))
    except NameError:
        # A parameter, whose pattern is another one of these.
        return
    if isinstance(pattern, str | bytes | re.Pattern):
        yield name, function.attr, pattern


@cache
def patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    by_name = {}
    for name, method, pattern in calls():
        compiled = re.compile(pattern) if isinstance(pattern, str | bytes) else pattern
        by_name[name, method, compiled.pattern] = compiled
    return tuple((name, method, compiled) for (name, method, _), compiled in by_name.items())


def run(pattern: re.Pattern[str], method: str, text: str) -> float:
    """Return the seconds that the pattern takes."""
    given: str | bytes = text.encode() if isinstance(pattern.pattern, bytes) else text
    begun = time.perf_counter()
    answer = getattr(pattern, method)(*([type(given)(), given] if method == "sub" else [given]))
    if method == "finditer":
        list(answer)
    return time.perf_counter() - begun


def grows(pattern: re.Pattern[str], method: str, piece: str, start: str, end: str) -> bool:
    """Return whether four times the text takes much more than four times as long."""

    def least(size: int) -> float:
        text = start + (piece * size)[:size] + end
        return min(run(pattern, method, text) for _ in range(5))

    first = run(pattern, method, start + (piece * SIZE)[:SIZE] + end)
    return first > AT_ONCE and (small := least(SIZE)) > AT_ONCE and least(4 * SIZE) > 9 * small


def test_the_patterns_are_found() -> None:
    assert len(patterns()) > 30


@pytest.mark.parametrize(
    ("name", "method", "pattern"), patterns(), ids=lambda value: str(value)[:60]
)
def test_a_pattern_takes_linear_time(name: str, method: str, pattern: re.Pattern[str]) -> None:
    slow = [
        (start, piece, end)
        for start in STARTS
        for piece in PIECES
        for end in ENDS
        if grows(pattern, method, piece, start, end)
    ]
    assert not slow, f"{name}: {pattern.pattern} takes more than linear time over {slow[:3]}"
