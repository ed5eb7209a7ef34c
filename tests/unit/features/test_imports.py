"""Features are packed beside models into Triton, which only has numpy."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import model_builders.features

FOLDER = Path(model_builders.features.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))


def imported(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
        elif isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
    return modules


@pytest.mark.parametrize("path", MODULES, ids=[path.stem for path in MODULES])
def test_only_numpy_and_the_standard_library_are_needed(path: Path) -> None:
    for name in imported(path):
        top = name.split(".")[0]
        ours = name.startswith("model_builders.features.")
        assert ours or top == "numpy" or top in sys.stdlib_module_names, name


def test_features_work_where_they_are_packed_alone(tmp_path: Path) -> None:
    package = tmp_path / "model_builders"
    shutil.copytree(FOLDER, package / "features", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(FOLDER.parent / "__init__.py", package)
    names = ", ".join(
        f"model_builders.features.{path.stem}" for path in MODULES if path.stem[0] != "_"
    )
    code = f"import sys; sys.path.insert(0, sys.argv[1]); import {names}"
    code += "; print(model_builders.__file__, *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    file, *modules = done.stdout.split()
    assert Path(file).parent == package
    loaded = {name.split(".")[0] for name in modules}
    assert not loaded & {"pandas", "torch", "pydantic", "google", "inference_operator"}


def test_model_builders_itself_does_without_numpy() -> None:
    code = "import sys, model_builders.config; sys.exit('numpy' in sys.modules)"
    root = FOLDER.parents[1]
    environment = {"PYTHONPATH": f"{root / 'operator'}:{root}"}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0
