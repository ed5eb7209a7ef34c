"""SECURITY.md: each line of the threat model names tests that exist."""

import ast
import re
from functools import cache

import pytest

from hack.product import ROOT

TEXT = (ROOT / "SECURITY.md").read_text("utf-8")
TEST = re.compile(r"`(tests/[\w/.]+\.py)(?:::(\w+))?`")


def threats() -> list[str]:
    """Return the rows of the tables whose last column is headed "held by"."""
    rows: list[str] = []
    is_threats = False
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            is_threats = False
        elif cells[-1] == "held by":
            is_threats = True
        elif is_threats and not set(line) <= set("|- "):
            rows.append(line)
    return rows


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def test_there_are_threats() -> None:
    assert len(threats()) >= 30


@pytest.mark.parametrize("row", threats())
def test_each_threat_is_held_by_tests_that_exist(row: str) -> None:
    held_by = row.strip("|").split("|")[-1]
    named = TEST.findall(held_by)
    assert named, "the last column names no test"
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert not name or name in functions(path), f"{path} has no {name}"
