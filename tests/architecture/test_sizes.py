"""A file over the line is a design signal: find the seam, don't slice it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE_LINES = 300
FUNCTION_LINES = 60
FOLDERS = ["operator", "model_builders", "serving", "training", "hack", "benchmarks", "tests"]
# Models of Triton repositories that import reads: input, and not modules of ours.
DATA = ROOT / "tests" / "data"


def modules() -> list[Path]:
    return sorted(
        path.relative_to(ROOT)
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        if not path.is_relative_to(DATA)
    )


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", modules(), ids=str)
def test_a_module_ends_within_its_limits(path: Path) -> None:
    length = len((ROOT / path).read_text("utf-8").splitlines())
    assert length <= MODULE_LINES, f"{path} has {length} lines"

    long = {name: lines for name, lines in functions(path) if lines > FUNCTION_LINES}
    assert not long, f"{path}: functions of more than {FUNCTION_LINES} lines: {long}"


@pytest.mark.parametrize("path", modules(), ids=str)
def test_a_module_says_what_lives_in_it(path: Path) -> None:
    tree = ast.parse((ROOT / path).read_text("utf-8"))

    assert not tree.body or ast.get_docstring(tree), f"{path} has no docstring"


def test_nothing_is_called_utils() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "constants", "misc"}

    assert [str(p) for p in modules() if p.stem in vague or p.parent.name in vague] == []
