"""Rules for imports between layers, and for the purity of the core."""

import ast
import operator
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {"PYTHONPATH": f"{ROOT / 'operator'}{os.pathsep}{ROOT}"}
PURE = ["api", "domain", "observation", "planning", "resources", "validation"]


def run(*words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name(words[0])), *words[1:]]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **SOURCES},
        input=stdin,
        capture_output=True,
        text=True,
    )


def test_operator_is_a_source_root_and_never_a_package() -> None:
    assert not (ROOT / "operator" / "__init__.py").exists()
    library = Path(sysconfig.get_path("stdlib"))
    assert Path(str(operator.__file__)).is_relative_to(library)


def test_operator_is_the_standard_librarys_from_the_repository_too() -> None:
    done = run("python", "-c", "import operator; print(operator.itemgetter, operator.__file__)")

    assert done.returncode == 0, done.stderr
    assert str(ROOT) not in done.stdout


def test_the_layers_hold() -> None:
    done = run("lint-imports", "--no-cache")

    assert done.returncode == 0, done.stdout


def project_modules(path: Path) -> set[str]:
    """Modules of ours that a file imports anywhere in it."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
        elif isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
    return {name for name in modules if name.split(".")[0] in ("inference_operator", "training")}


def test_model_builders_know_nothing_of_the_operator_but_its_types() -> None:
    for path in (ROOT / "model_builders").rglob("*.py"):
        strangers = {
            name for name in project_modules(path) if not name.startswith("inference_operator.api")
        }
        assert not strangers, f"{path.relative_to(ROOT)} imports {', '.join(strangers)}"


def test_load_knows_only_types_and_values() -> None:
    allowed = tuple(f"inference_operator.{name}" for name in ("api", "domain", "load", "logs"))
    for path in (ROOT / "operator" / "inference_operator" / "load").rglob("*.py"):
        strangers = {name for name in project_modules(path) if not name.startswith(allowed)}
        assert not strangers, f"{path.relative_to(ROOT)} imports {', '.join(strangers)}"


BANNED = {
    "the clock": "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
    "the monotonic clock": "import time\n\nNOW = time.monotonic()\n",
    "chance": "import random\n\nDRAWN = random.random()\n",
    "a random name": "import uuid\n\nNAME = uuid.uuid4()\n",
    "a path": 'from pathlib import Path\n\nTEXT = Path("x")\n',
    "the environment": 'import os\n\nHOME = os.environ["HOME"]\n',
    "the network": "import aiohttp\n\nSESSION = aiohttp.ClientSession\n",
    "the API server": "from kubernetes.aio import client\n\nAPI = client\n",
    "Kopf": "import kopf\n\nBODY = kopf.Body\n",
    "a log": "import logging\n\nLOG = logging.getLogger()\n",
}


@pytest.mark.parametrize("folder", PURE)
@pytest.mark.parametrize("snippet", BANNED.values(), ids=BANNED)
def test_pure_code_may_not_reach_for(snippet: str, folder: str) -> None:
    name = f"operator/inference_operator/{folder}/invented.py"
    done = run("ruff", "check", "--select=TID251", f"--stdin-filename={name}", "-", stdin=snippet)

    assert "TID251" in done.stdout, done.stdout + done.stderr


def test_adapters_may() -> None:
    name = "operator/inference_operator/adapters/invented.py"
    snippet = BANNED["the network"]
    done = run("ruff", "check", "--select=TID251", f"--stdin-filename={name}", "-", stdin=snippet)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("folder", PURE)
def test_pure_code_opens_and_prints_nothing(folder: str) -> None:
    for path in (ROOT / "operator" / "inference_operator" / folder).rglob("*.py"):
        names = {n.id for n in ast.walk(ast.parse(path.read_text("utf-8"))) if _is_name(n)}
        assert not names & {"open", "print", "input"}, path


def _is_name(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name)
