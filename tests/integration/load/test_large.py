"""Artifacts of the size of language models, which `load` never holds in memory."""

import hashlib
import os
import tarfile
from pathlib import Path

import pytest

from .conftest import FaultyStore, Pod, code_of
from .test_process import finished

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

GIGABYTES = 3
SIZE = GIGABYTES << 30
CODE = code_of(4_000)


def archive(folder: Path) -> Path:
    """Write a tar of weights, whose end is not zeros, and of code."""
    weights = folder / "weights.bin"
    with weights.open("wb") as file:
        file.truncate(SIZE)
        file.seek(-4, os.SEEK_END)
        file.write(b"last")
    (folder / "model.py").write_bytes(CODE)
    path = folder / "ranker.tar"
    with tarfile.open(path, "w") as made:
        made.add(weights, "weights.bin")
        made.add(folder / "model.py", "model.py")
    weights.unlink()
    return path


def test_gigabytes_are_laid_out_in_the_memory_of_kilobytes(store: FaultyStore, pod: Pod) -> None:
    (store.folder / "model.py").write_bytes(CODE)
    pod.plan(f"{store.url}/model.py")
    small = int(finished(pod, timeout=600).stdout)

    path = archive(store.folder)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    pod.plan(f"{store.url}/ranker.tar", sha256)
    done = finished(pod, timeout=600)
    assert done.returncode == 0, done.stderr

    laid_out = pod.output / "ranker/5/weights.bin"
    assert laid_out.stat().st_size == SIZE
    with laid_out.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        assert file.read() == b"last"
    assert int(done.stdout) - small < 20 << 10
    path.unlink()
    laid_out.unlink()
