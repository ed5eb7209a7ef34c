"""Features are packed beside models into Triton, where only numpy is."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import model_builders.features

FOLDER = Path(model_builders.features.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("path", MODULES, ids=[path.stem for path in MODULES])
def test_only_numpy_and_the_standard_library_are_needed(path: Path) -> None:
    for name in imported(path):
        top = name.split(".")[0]
        ours = name.startswith("model_builders.features.")
        assert ours or top == "numpy" or top in sys.stdlib_module_names, name


def test_model_builders_itself_does_without_numpy() -> None:
    code = "import sys, model_builders.config; sys.exit('numpy' in sys.modules)"
    root = FOLDER.parents[1]
    environment = {"PYTHONPATH": f"{root / 'operator'}:{root}"}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0
