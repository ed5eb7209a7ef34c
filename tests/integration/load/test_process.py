"""The init container as a process: killed, ended, restarted, out of disk, and within its memory."""

import hashlib
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason

from .conftest import FaultyStore, Pod, code_of
from .faults import stalls_after, without_length

CODE = code_of(400_000)
SHA256 = hashlib.sha256(CODE).hexdigest()


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def started(pod: Pod) -> subprocess.Popen[str]:
    return subprocess.Popen(
        pod.command(), text=True, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finished(pod: Pod, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        pod.command(), text=True, env=environment(), capture_output=True, timeout=timeout
    )


def wait_for_bytes(pod: Pod, count: int) -> None:
    end = time.monotonic() + 30
    while not (pod.partial.exists() and pod.partial.stat().st_size >= count):
        assert time.monotonic() < end, "the download did not get that far"
        time.sleep(0.02)


@pytest.fixture
def stalled(store: FaultyStore, pod: Pod) -> FaultyStore:
    (store.folder / "ranker.py").write_bytes(CODE)
    store.faults = [stalls_after(150_000)]
    pod.plan(f"{store.url}/ranker.py", SHA256)
    return store


def test_killed_in_the_middle_and_restarted_it_goes_on(stalled: FaultyStore, pod: Pod) -> None:
    process = started(pod)
    wait_for_bytes(pod, 150_000)
    process.kill()
    process.communicate(timeout=10)
    done = finished(pod)
    assert done.returncode == 0, done.stderr
    assert pod.served == CODE
    assert stalled.requests[1]["Range"] == "bytes=150000-"
    assert pod.report() == {
        "reason": "Resolved",
        "message": "laid out ranker (version 5)",
        "models": [{"name": "ranker", "sha256": SHA256, "bytes": 400_000}],
        "tensors": [[["text", "STRING", [1]]], [["score", "FP32", [1]]]],
    }


def test_sigterm_ends_it_at_once(stalled: FaultyStore, pod: Pod) -> None:
    process = started(pod)
    wait_for_bytes(pod, 150_000)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert time.monotonic() - begun < 3
    assert process.returncode == 128 + signal.SIGTERM
    assert pod.partial.stat().st_size == 150_000


def test_a_failure_is_on_the_termination_log_with_exit_code_1(store: FaultyStore, pod: Pod) -> None:
    pod.plan(f"{store.url}/nothing.py")
    done = finished(pod)
    assert done.returncode == 1
    assert pod.report()["reason"] == "ArtifactNotFound"
    assert "Traceback" not in done.stderr


def test_memory_does_not_grow_with_the_artifact(store: FaultyStore, pod: Pod) -> None:
    (store.folder / "ranker.py").write_bytes(CODE)
    pod.plan(f"{store.url}/ranker.py")
    small = int(finished(pod).stdout)
    with tarfile.open(store.folder / "ranker.tar", "w") as archive:
        weights = pod.root / "weights.bin"
        weights.touch()
        os.truncate(weights, 160 << 20)
        archive.add(weights, "weights.bin")
        archive.add(store.folder / "ranker.py", "model.py")
    pod.plan(f"{store.url}/ranker.tar")
    done = finished(pod)
    assert done.returncode == 0, done.stderr
    assert (pod.output / "ranker/5/weights.bin").stat().st_size == 160 << 20
    assert int(done.stdout) - small < 20 << 10  # KiB


@pytest.fixture
def small_pod(pod: Pod, tmp_path: Path) -> Iterator[Pod]:
    """A pod whose model volume holds 4 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "model-volume", folder], check=True)
    try:
        yield replace(pod, output=folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def declared(store: FaultyStore) -> str:
    (store.folder / "ranker.py").write_bytes(code_of(5 << 20))
    return "ranker.py"


def undeclared(store: FaultyStore) -> str:
    store.faults = [without_length()]
    return declared(store)


def bomb(store: FaultyStore) -> str:
    weights = store.folder / "weights.bin"
    weights.touch()
    os.truncate(weights, 64 << 20)
    with tarfile.open(store.folder / "ranker.tar.gz", "w:gz") as archive:
        archive.add(weights, "weights.bin")
    return "ranker.tar.gz"


@pytest.mark.parametrize(
    ("artifact", "needed"),
    [
        (declared, "needs 5.0 MiB (5,242,880 bytes)"),
        (undeclared, "needs more than 4.0 MiB"),
        (bomb, "needs at least"),
    ],
)
def test_a_full_disk_is_said_with_both_numbers_and_left_clean(
    store: FaultyStore, small_pod: Pod, artifact: Callable[[FaultyStore], str], needed: str
) -> None:
    small_pod.plan(f"{store.url}/{artifact(store)}")
    reason, message = small_pod.refused()
    assert reason is Reason.INSUFFICIENT_DISK
    assert needed in message
    assert "MiB" in message.partition("has ")[2]
    assert "free disk on the node" in message
    assert list(small_pod.output.iterdir()) == []
    (store.folder / "ranker.py").write_bytes(CODE)
    store.faults = []
    small_pod.plan(f"{store.url}/ranker.py")
    small_pod.load()
    assert small_pod.served == CODE


def test_a_claim_needs_no_network(pod: Pod) -> None:
    place = pod.root / "claims" / "weights"
    place.mkdir(parents=True)
    (place / "model.py").write_bytes(CODE)
    pod.plan("pvc://weights/model.py", SHA256)
    alone = ["unshare", "--net", *pod.command()] if os.geteuid() == 0 else pod.command()
    done = subprocess.run(alone, text=True, env=environment(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert pod.served == CODE


def test_it_starts_at_once(pod: Pod) -> None:
    pod.plan("pvc://nowhere/model.py")
    code = "import inference_operator.load.command, inference_operator.load.loader"
    times = []
    for _ in range(3):
        begun = time.monotonic()
        subprocess.run([sys.executable, "-c", code], env=environment(), check=True, timeout=30)
        times.append(time.monotonic() - begun)
    print(f"imports of load: {min(times):.2f} s")
    assert min(times) < 2
