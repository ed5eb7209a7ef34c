"""Pages name files, folders and functions that exist."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from hack.product import ROOT

OPERATOR = ROOT / "operator" / "inference_operator"
# Kopf's own files are in 0020. Names of the past are in 0021, the changelog and the critiques.
NOT_OURS = ("0020-what-kopf-still-does.md", "0021-obstore-is-not-used.md")
EXAMPLES = {"manifests/mine/kustomization.yaml", "operator/install.yaml", "tests/data/fuzz/TARGET"}
PAGES = sorted(
    path
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        *(ROOT / "docs").rglob("*.md"),
    )
    if path.name not in NOT_OURS
)
PATH = re.compile(
    r"`((?:api|domain|validation|resources|planning|observation|adapters|reconcile|runtime|cli|load"
    r"|artifact_cache|model_builders|operator|manifests|crds|tests|training|hack|benchmarks|docs)"
    r"/[\w./-]*)`"
)
NAMES = re.compile(r"`([\w/]+\.py)`:\s((?:`[\w.]+`(?:, )?)+)")


def page_id(path: Path) -> str:
    return str(path.relative_to(ROOT))


def files(path: str) -> Iterator[Path]:
    """Yield the places that a path in a page may mean."""
    yield from (root / path for root in (ROOT, OPERATOR) if (root / path).exists())


@cache
def defined_in(path: Path) -> frozenset[str]:
    """Return the names that a module defines, `Class.method` included."""
    names: set[str] = set()
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, kinds):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {
                f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, kinds)
            }
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(names)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_paths_exist(page: Path) -> None:
    named = set(PATH.findall(page.read_text("utf-8"))) - EXAMPLES
    missing = sorted(path for path in named if not any(files(path)))
    assert missing == [], "a file was moved or renamed: correct the page"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_modules_define_the_names(page: Path) -> None:
    for path, names in NAMES.findall(page.read_text("utf-8")):
        (module,) = files(path)
        missing = set(re.findall(r"[\w.]+", names)) - defined_in(module)
        assert missing == set(), f"{path} does not define them"


def test_ten_questions_lead_to_files() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| \.\.\. .+\?\s*\| (.+) \|$", text, re.MULTILINE)
    assert len(rows) >= 10
    assert [row for row in rows if not PATH.findall(row)] == []
