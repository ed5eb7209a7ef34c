"""What the workers of one run share: a folder, turns, and clusters that go when all have ended."""

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
    """A plugin: the run's folder, made by the first process and known to every worker."""

    def __init__(self, config: pytest.Config) -> None:
        given: dict[str, Any] | None = getattr(config, "workerinput", None)
        self._owns = given is None
        prefix = "inference-operator-tests-"
        self.folder = Path(given["run_folder"] if given else tempfile.mkdtemp(prefix=prefix))
        self.turns = Turns(self.folder)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a new worker of pytest-xdist where the folder is."""
        node.workerinput["run_folder"] = str(self.folder)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Remove what the workers shared; they have all ended by now."""
        if not self._owns:
            return
        names = self.folder / _CLUSTERS
        for name in names.read_text().split() if names.exists() else ():
            lifecycle.down(name)
        shutil.rmtree(self.folder)

    def remove_at_the_end(self, cluster: str) -> None:
        """Take the cluster of that name down once no worker uses it."""
        with (self.folder / _CLUSTERS).open("a") as names:
            names.write(f"{cluster}\n")

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """One worker at a time."""
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Turns:
    """Many tests at the same time, or one alone; who wants to be alone does not wait for ever."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def beside_others(self) -> Iterator[None]:
        """Hold a turn that others may have, too."""
        yield from self._turn(fcntl.LOCK_SH)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold a turn that no other test has."""
        yield from self._turn(fcntl.LOCK_EX)

    def _turn(self, kind: int) -> Iterator[None]:
        with self._open("turn") as turn:
            # While one test waits to be alone, those that come later wait for the queue.
            with self._open("queue") as queue:
                fcntl.flock(queue, fcntl.LOCK_EX)
                fcntl.flock(turn, kind)
            yield

    def _open(self, name: str) -> IO[str]:
        return (self._folder / f"{name}.lock").open("w")


KEY = pytest.StashKey[RunState]()
