"""The examples in docstrings answer as they say."""

import doctest
import importlib
from pathlib import Path

import pytest

from hack.product import ROOT

FOLDERS = (ROOT / "operator", ROOT / "model_builders")
# Files that Triton imports by other names.
OF_TRITON = ROOT / "model_builders" / "builtin" / "python"


def modules() -> list[str]:
    """Return the names of the modules with examples."""
    return sorted(
        _name(path)
        for folder in FOLDERS
        for path in folder.rglob("*.py")
        if not path.is_relative_to(OF_TRITON) and ">>> " in path.read_text()
    )


def _name(path: Path) -> str:
    root = ROOT / "operator" if path.is_relative_to(ROOT / "operator") else ROOT
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("name", modules())
def test_the_examples_of_a_module(name: str) -> None:
    if name.endswith(".picture"):
        pytest.importorskip("matplotlib")
    results = doctest.testmod(importlib.import_module(name))

    assert results.attempted > 0
    assert results.failed == 0
