"""CONTRIBUTING.md lists the tests of each module, and names every folder of tests."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SOURCES = ("operator/inference_operator", "model_builders", "training", "hack", "benchmarks")


def table() -> dict[str, set[str]]:
    """Return the folders of tests in each row of the table of coverage, by its first cell."""
    rows = re.findall(r"^\| `([\w/]+)`[^|]*\|([^|]*\|[^|]*)\|$", TEXT, re.MULTILINE)
    return {module: set(re.findall(r"`(tests/[\w/]+)`", cells)) for module, cells in rows}


def packages() -> set[str]:
    """Return our packages, down to the first level below each root."""
    names = set(SOURCES)
    for root in SOURCES:
        inner = (path.parent for path in (ROOT / root).glob("*/*.py"))
        names |= {str(folder.relative_to(ROOT)) for folder in inner}
    return names


def test_each_package_has_a_row_with_tests() -> None:
    covered = {module for module, tests in table().items() if tests}
    # The models and harnesses of benchmarks are covered together.
    expected = {name for name in packages() if not name.startswith("benchmarks/")}
    assert expected - covered == set()


def test_each_folder_of_tests_covers_something() -> None:
    named = {folder for tests in table().values() for folder in tests}
    named |= set(re.findall(r"`(tests/[\w/]+)`", TEXT))
    levels = ("tests/unit/*", "tests/integration/*", "tests/*")
    folders = {
        str(path.relative_to(ROOT))
        for level in levels
        for path in ROOT.glob(level)
        if any(path.glob("test_*.py"))
    }
    assert folders - named == set()


def test_every_folder_that_is_named_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/]+)`", TEXT))
    assert [folder for folder in sorted(named) if not (ROOT / folder).is_dir()] == []
