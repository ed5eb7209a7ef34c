"""`inference-operator probe`: the report on the termination log, and what it imports."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.probe_report import ProbeReport
from inference_operator.probe.command import REPORTED, report_once

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}", "PATH": "/usr/bin:/bin"}
MISMATCH = ProbeReport(Reason.OUTPUT_MISMATCH, "output y is missing")
FAILED = ProbeReport(Reason.FIRST_REQUEST_FAILED, "an error")


class EndedError(Exception):
    """The process would have ended."""


@pytest.fixture(autouse=True)
def ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def end(code: int) -> None:
        raise EndedError(code)

    monkeypatch.setattr(os, "_exit", end)


def test_a_report_ends_the_process_once(tmp_path: Path) -> None:
    memory, log = tmp_path / "memory", tmp_path / "log"
    with pytest.raises(EndedError, match=str(REPORTED)):
        report_once(MISMATCH, memory, log)
    assert ProbeReport.from_json(log.read_text()) == MISMATCH

    log.unlink()
    report_once(MISMATCH, memory, log)
    report_once(FAILED, memory, log)
    assert not log.exists(), "another end so soon would begin the kubelet's back-off"


def test_another_reason_is_reported_after_ten_minutes(tmp_path: Path) -> None:
    memory, log = tmp_path / "memory", tmp_path / "log"
    with pytest.raises(EndedError):
        report_once(MISMATCH, memory, log)
    os.utime(memory, (0, time.time() - 601))
    report_once(MISMATCH, memory, log)
    with pytest.raises(EndedError):
        report_once(FAILED, memory, log)
    assert ProbeReport.from_json(log.read_text()) == FAILED


def test_without_a_memory_nothing_ends(tmp_path: Path) -> None:
    report_once(MISMATCH, tmp_path / "no" / "memory", tmp_path / "log")
    assert not (tmp_path / "log").exists()


def test_a_memory_that_another_wrote_is_none(tmp_path: Path) -> None:
    (tmp_path / "memory").write_bytes(b"\xff\xfe{")
    os.utime(tmp_path / "memory", (0, time.time() - 601))
    with pytest.raises(EndedError):
        report_once(MISMATCH, tmp_path / "memory", tmp_path / "log")


def test_it_is_small() -> None:
    """It runs in every serving pod: a heavy import costs memory in each of them."""
    script = (
        "import sys, inference_operator.cli.main\n"
        "import inference_operator.probe.command, inference_operator.probe.prober\n"
        "import inference_operator.probe.server\n"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    modules = set(done.stdout.split())
    heavy = {"pydantic", "kopf", "aiohttp", "kubernetes", "google.protobuf", "asyncio", "ssl"}
    assert "inference_operator.probe.judge" in modules
    assert modules.isdisjoint(heavy | {"http.client", "email", "logging.config"})
