"""A Triton started for a test leaves nothing behind, whatever ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hack.images.local_triton import LocalTriton
from tests.images import serving as s

pytestmark = pytest.mark.integration

STARTER = """
import sys, time
from pathlib import Path
from hack.images.local_triton import LocalTriton
with LocalTriton(Path(sys.argv[1])) as server:
    print(server.http, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    text = s.config("onnxruntime", {"x": ("FP32", [4])}, {"y": ("FP32", [2])})
    s.write_model(tmp_path, "matmul", text, s.matmul(s.WEIGHTS))
    return tmp_path


def processes_of(repository: Path) -> set[int]:
    """Processes in the mount namespaces where the repository is mounted on .../models."""
    processes = set()
    for mounts in Path("/proc").glob("[0-9]*/mountinfo"):
        try:
            if f"{repository.parent.name}/{repository.name} " in mounts.read_text():
                processes.add(int(mounts.parent.name))
        except OSError:  # it ended, or is a kernel thread
            continue
    return processes


def gone(repository: Path, within_s: float = 5) -> bool:
    deadline = time.monotonic() + within_s
    while processes_of(repository) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not processes_of(repository)


def test_ends_with_its_block(repository: Path) -> None:
    with LocalTriton(repository):
        assert len(processes_of(repository)) >= 2  # the server and the model's stub
    assert gone(repository)
    assert os.getpid() not in processes_of(repository)


def test_dies_with_the_process_that_started_it(repository: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(repository)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    assert b"127.0.0.1" in starter.stdout.readline()
    assert processes_of(repository)
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    assert gone(repository)


def test_two_servers_run_side_by_side(repository: Path) -> None:
    with LocalTriton(repository) as first, LocalTriton(repository) as second:
        assert {first.http, first.grpc}.isdisjoint({second.http, second.grpc})
        assert first.index() == second.index() == {"matmul": ("READY", "")}
