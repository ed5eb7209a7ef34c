"""State that all workers of a run share: a folder, turns, and clusters that go with the run."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from hack.cluster import lifecycle

_CLUSTERS = "clusters"


class RunState:
    """A plugin that holds the run's folder: the first process makes it for all workers."""

    def __init__(self, config: pytest.Config) -> None:
        given: dict[str, Any] | None = getattr(config, "workerinput", None)
        self._owns = given is None
        prefix = "inference-operator-tests-"
        self.folder = Path(given["run_folder"] if given else tempfile.mkdtemp(prefix=prefix))
        self.turns = SuiteTurns(self.folder)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Pass the folder's path to a new worker of pytest-xdist."""
        node.workerinput["run_folder"] = str(self.folder)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Remove the shared clusters and the folder; all workers have ended by now."""
        if not self._owns:
            return
        names = self.folder / _CLUSTERS
        for name in names.read_text().split() if names.exists() else ():
            lifecycle.down(name)
        shutil.rmtree(self.folder)

    def remove_at_the_end(self, cluster: str) -> None:
        """Have the cluster of that name removed when all workers have ended."""
        with (self.folder / _CLUSTERS).open("a") as names:
            names.write(f"{cluster}\n")

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold the lock of that name, which one worker at a time can have."""
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class SuiteTurns:
    """Turns of many tests at the same time, or of one test alone.

    No later test overtakes a test that waits to be alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def beside_others(self) -> Iterator[None]:
        """Hold a turn that other tests may hold at the same time."""
        yield from self._turn(fcntl.LOCK_SH)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold a turn while no other test holds one."""
        yield from self._turn(fcntl.LOCK_EX)

    def _turn(self, kind: int) -> Iterator[None]:
        with self._open("turn") as turn:
            # While a test waits to be alone, all later tests wait for this lock.
            with self._open("queue") as queue:
                fcntl.flock(queue, fcntl.LOCK_EX)
                fcntl.flock(turn, kind)
            yield

    def _open(self, name: str) -> IO[str]:
        return (self._folder / f"{name}.lock").open("w")


RUN_STATE = pytest.StashKey[RunState]()
