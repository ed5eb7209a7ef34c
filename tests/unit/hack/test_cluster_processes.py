"""A pid file is believed only for the very process that it was written for."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from hack.cluster import processes
from hack.cluster.processes import Processes, boot_id


@dataclass
class PidFile:
    path: Path

    def write(self, **changes: object) -> None:
        started = Path(f"/proc/{os.getpid()}/stat").read_text().rsplit(")", 1)[1].split()[19]
        content = {"pid": os.getpid(), "started": started, "boot": boot_id()} | changes
        self.path.write_text(json.dumps(content))


@pytest.fixture
def pid_file(tmp_path: Path) -> PidFile:
    return PidFile(tmp_path / "etcd.json")


@pytest.fixture
def recorded(tmp_path: Path) -> Processes:
    return Processes(tmp_path, tmp_path, "none")


def test_a_living_process_is_known(recorded: Processes, pid_file: PidFile) -> None:
    pid_file.write()
    assert recorded.pid("etcd") == os.getpid()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"started": "1"}, id="the pid was given to another process"),
        pytest.param({"boot": "before"}, id="the machine was rebooted"),
        pytest.param({"pid": 2**22 + 1}, id="the process ended"),
        pytest.param({"surplus": 1}, id="another version wrote the file"),
    ],
)
def test_a_stale_file_counts_as_dead(
    recorded: Processes, pid_file: PidFile, changes: dict[str, object]
) -> None:
    pid_file.write(**changes)
    assert not recorded.alive("etcd")


def test_a_missing_file_counts_as_dead(recorded: Processes) -> None:
    assert not recorded.alive("etcd")
    assert recorded.tail("etcd") == ""


def test_a_zombie_counts_as_dead() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    try:
        assert processes._start_time(child) is None
    finally:
        os.waitpid(child, 0)
