"""CONTRIBUTING.md says which tests cover each module, and what each folder of tests covers."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SOURCES = ("operator/inference_operator", "model_builders", "training", "hack", "benchmarks")


def table() -> dict[str, set[str]]:
    """First cell of each row of the table of coverage: the folders of tests in the others."""
    rows = re.findall(r"^\| `([\w/]+)`[^|]*\|([^|]*\|[^|]*)\|$", TEXT, re.MULTILINE)
    return {module: set(re.findall(r"`(tests/[\w/]+)`", cells)) for module, cells in rows}


def packages() -> set[str]:
    """Our packages down to the first level below each root."""
    found = set(SOURCES)
    for root in SOURCES:
        inner = (path.parent for path in (ROOT / root).glob("*/*.py"))
        found |= {str(folder.relative_to(ROOT)) for folder in inner}
    return found


def test_each_package_has_a_row_with_tests() -> None:
    covered = {module for module, tests in table().items() if tests}
    # The models and harnesses of benchmarks are covered together.
    wanted = {name for name in packages() if not name.startswith("benchmarks/")}
    assert wanted - covered == set()


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
