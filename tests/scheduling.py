"""The order of tests, and the groups that stay together on one worker of pytest-xdist.

Tests of one group share their session's servers, and a group is never split. The groups that take
longest come first, so that no worker ends long after the others.
"""

from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# They restart the shared cluster's operator, or change its settings, or show those that it has, so
# they must not overlap. The last two run alone: by then, the other workers are at tests that need
# no shared cluster.
_OPERATOR_CHANGES = (
    "tests/e2e/test_ensemble_trading.py",
    "tests/e2e/test_registry.py",
    "tests/e2e/test_first_canary.py",
    "tests/e2e/test_canary_analysis.py",
    "tests/e2e/test_autoscaling.py",
    "tests/e2e/test_operator_restarts.py",
    "tests/e2e/test_artifact_cache.py",
    "tests/e2e/test_demo.py",
    "tests/e2e/test_operator.py",
    "tests/e2e/test_upgrade.py",
)
# They share an API server that starts once.
_API_SERVER = ("tests/contract", "tests/integration/api", "tests/integration/adapters")
# Folders, and one module, whose tests share an expensive server.
_TOGETHER = (
    "tests/cluster",
    "tests/e2e/test_canary_gateway.py",
    "tests/images",
    "tests/integration/builtin",
    "tests/integration/ensemble",
    "tests/integration/mlflow",
    "tests/integration/probe",
    "tests/integration/stack",
    "tests/integration/triton_matrix",
)
# Each test may run on any worker: it has a namespace of its own in the shared cluster.
_APART = ("tests/e2e",)
_FIRST = (
    *_OPERATOR_CHANGES,
    "tests/cluster",
    # Both need no cluster: two workers have something to do while it starts.
    *_API_SERVER,
    "tests/integration/mlflow",
    "tests/e2e/test_canary_gateway.py",
    "tests/e2e",
    "tests/integration/operator",
    "tests/integration/training",
    "tests/integration/model_builders",
    "tests/integration",
)


class Scheduling:
    """A plugin that orders tests, and makes pytest-xdist hand them out by group."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort by `rank`; tests of equal rank keep their order."""
        items.sort(key=lambda item: rank(_module(item.nodeid)))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> LoadScopeScheduling:
        """Replace the scheduler of `--dist loadscope`, which keeps each module together."""
        return _Groups(config, log)


class _Groups(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return group(_module(nodeid)) or nodeid


def group(module: str) -> str:
    """Return the group of a module's tests; empty if each of them may run on any worker.

    >>> group("tests/integration/builtin/test_tokenizer.py")
    'tests/integration/builtin'
    >>> group("tests/integration/load/test_s3.py")
    'tests/integration/load/test_s3.py'
    """
    if module in _OPERATOR_CHANGES:
        return "operator changes"
    if _is_in(module, _API_SERVER):
        return "API server"
    alone = "" if _is_in(module, _APART) else module
    return next((place for place in _TOGETHER if _is_in(module, (place,))), alone)


def rank(module: str) -> int:
    """Return how early a module comes: 0 is first."""
    places = (place for place, path in enumerate(_FIRST) if _is_in(module, (path,)))
    return next(places, len(_FIRST))


def _is_in(module: str, paths: tuple[str, ...]) -> bool:
    ancestors = {str(path) for path in PurePosixPath(module).parents} | {module}
    return not ancestors.isdisjoint(paths)


def _module(nodeid: str) -> str:
    return nodeid.partition("::")[0]
