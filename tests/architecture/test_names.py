"""Names of variables, and docstrings of modules, in plain English."""

import ast
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FOLDERS = ("operator", "model_builders", "serving", "training", "hack", "benchmarks", "tests")
CODE = FOLDERS[:-1]
CLAUSE = re.compile(r"(What|Who|Whose|Whom|Whether|Of|As|With|Without)\b")
VAGUE = {"found", "wanted", "known", "told", "one", "what", "said"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_variables_say_what_they_hold(folder: str) -> None:
    vague = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, name in names(ast.parse(path.read_text("utf-8")))
        if name.lstrip("_") in VAGUE
    ]
    assert not vague, (
        f"{len(vague)} vague names of variables, parameters or fields. Rename each one to say"
        " what it holds (records, problem, expected, response):\n" + "\n".join(vague)
    )


@pytest.mark.parametrize(
    "code",
    [
        "found = 1",
        "_found: int",
        "a.told = 1",
        "found, *told = a",
        "for one in a: pass",
        "with a as (b, what): pass",
        "[1 for b in a for known in b]",
        "if (said := a): pass",
        "try: pass\nexcept OSError as told: pass",
        "def f(a, /, *what, wanted=1): pass",
        "lambda one: 1",
        "match a:\n case {'b': found}: pass",
        "match a:\n case [*found]: pass",
        "match a:\n case {**known}: pass",
        "class A:\n  wanted: str",
        "import a as found",
    ],
)
def test_vague_names_are_seen_in_every_place(code: str) -> None:
    assert {name.lstrip("_") for _, name in names(ast.parse(code))} & VAGUE


@pytest.mark.parametrize("folder", CODE)
def test_a_module_s_docstring_starts_with_a_noun(folder: str) -> None:
    clauses = [
        f"{path.relative_to(ROOT)}: {text.splitlines()[0]}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (text := ast.get_docstring(ast.parse(path.read_text("utf-8")))) and CLAUSE.match(text)
    ]
    assert not clauses, "Name what the module contains, by a noun:\n" + "\n".join(clauses)


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of each variable, parameter and field that the code binds."""
    return chain.from_iterable(_bound(node) for node in ast.walk(tree))


def _bound(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield node.lineno, name
        case ast.arg(arg=name) | ast.alias(asname=str(name)):
            yield node.lineno, name
        case (
            ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            yield node.lineno, name
