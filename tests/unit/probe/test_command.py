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
from inference_operator.probe.pod_memory import (
    REPORT_SECONDS,
    ReportMemory,
    ServedMemory,
    read_text,
)

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
    log = tmp_path / "log"
    with pytest.raises(EndedError, match=str(REPORTED)):
        report_once(MISMATCH, ReportMemory(tmp_path), log)
    assert ProbeReport.from_json(log.read_text()) == MISMATCH

    log.unlink()
    memory = ReportMemory(tmp_path)
    report_once(MISMATCH, memory, log)
    report_once(FAILED, memory, log)
    assert not log.exists(), "another end so soon would begin the kubelet's back-off"


def later() -> float:
    return time.time() + REPORT_SECONDS + 1


def test_another_reason_is_reported_after_ten_minutes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(EndedError):
        report_once(MISMATCH, ReportMemory(tmp_path), log)
    memory = ReportMemory(tmp_path, later)
    report_once(MISMATCH, memory, log)
    with pytest.raises(EndedError):
        report_once(FAILED, memory, log)
    assert ProbeReport.from_json(log.read_text()) == FAILED


def test_a_report_that_a_later_end_has_replaced_is_written_again(tmp_path: Path) -> None:
    with pytest.raises(EndedError):
        report_once(MISMATCH, ReportMemory(tmp_path), tmp_path / "log")
    ReportMemory(tmp_path)  # the start after the report, whose end is the last one
    report_once(MISMATCH, ReportMemory(tmp_path), tmp_path / "log")  # too soon
    with pytest.raises(EndedError):
        report_once(MISMATCH, ReportMemory(tmp_path, later), tmp_path / "log")
    report_once(MISMATCH, ReportMemory(tmp_path, later), tmp_path / "log")


def test_without_a_memory_nothing_ends(tmp_path: Path) -> None:
    report_once(MISMATCH, ReportMemory(tmp_path / "no"), tmp_path / "log")
    assert not (tmp_path / "log").exists()


def test_a_memory_that_another_wrote_is_none(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(EndedError):
        report_once(MISMATCH, ReportMemory(tmp_path), tmp_path / "log")


@pytest.mark.parametrize("text", ["", "x", "-3", "nan", "1e999"])
def test_a_broken_memory_of_the_first_answer_does_no_harm(tmp_path: Path, text: str) -> None:
    (tmp_path / "served").write_text(text)
    seconds = ServedMemory(tmp_path / "served").seconds
    assert seconds is None or 0 <= seconds < 1e6


def test_the_first_answer_is_remembered(tmp_path: Path) -> None:
    ServedMemory(tmp_path / "served").keep(1.25)
    assert ServedMemory(tmp_path / "served").seconds == 1.25
    ServedMemory(tmp_path / "no" / "served").keep(1.0)


def test_a_pipe_in_place_of_a_file_does_not_hold_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    assert read_text(tmp_path / "pipe") == ""
    assert read_text(tmp_path / "link") == ""
    assert read_text(tmp_path) == ""


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
