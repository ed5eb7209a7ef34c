"""Cached results appear whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hack.images import store

ROOT = Path(__file__).resolve().parents[3]
MAKER = """
import sys, time
from pathlib import Path
from hack.images import store
def make(partial):
    with open(sys.argv[2], "a") as calls:
        calls.write("made\\n")
    time.sleep(0.3)
    partial.write_text("whole")
store.published(Path(sys.argv[1]), make)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INFERENCE_OPERATOR_CACHE", str(tmp_path / "cache"))
    return tmp_path


def fail_midway(partial: Path) -> None:
    partial.mkdir()
    (partial / "half").write_text("half")
    raise RuntimeError("power cut")


def test_processes_that_ask_together_make_it_once(cache: Path) -> None:
    calls = cache / "calls"
    command = [sys.executable, "-c", MAKER, str(cache / "image.tar"), str(calls)]
    subscribers = [
        subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}) for _ in "abc"
    ]
    assert [asker.wait() for asker in subscribers] == [0, 0, 0]
    assert calls.read_text() == "made\n"
    assert (cache / "image.tar").read_text() == "whole"


def test_a_half_made_result_is_not_seen_and_does_not_hinder_the_next_try(cache: Path) -> None:
    target = cache / "rootfs"
    with pytest.raises(RuntimeError, match="power cut"):
        store.published(target, fail_midway)
    assert not target.exists()
    store.published(target, lambda partial: partial.mkdir())
    assert list(target.iterdir()) == []


def test_keeps_those_that_were_used_last(cache: Path) -> None:
    for age, name in enumerate(["newest", "newer", "old", "oldest"]):
        (cache / f"image-{name}").write_text(name)
        os.utime(cache / f"image-{name}", (1000 - age, 1000 - age))
    store.published(cache / "image-oldest", fail_midway)  # used, not made
    store.keep_newest(cache, "image-")
    assert {path.name for path in cache.glob("image-*")} == {"image-oldest", "image-newest"}
