"""The operator under test as a process: started, measured from outside, ended."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.controller.subject import Subject
from benchmarks.operator_process import ROOT, OperatorProcess
from hack.console import StepError

READY_SECONDS = 120
# Idle: as little CPU as this, in every window of a row.
_WINDOW, _WINDOWS = 0.25, 6
_TICKS = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """What a phase cost."""

    seconds: float
    cpu_seconds: float
    rss_mb: float
    peak_mb: float


class Running:
    """One life of the operator under test."""

    def __init__(self, subject: Subject, kubeconfig: Path, log: Path) -> None:
        self._subject = subject
        self._kubeconfig = kubeconfig
        self._log = log

    async def start(self, changed: Mapping[str, str] | None = None) -> None:
        """Until it serves."""
        port = _free_port()
        words = {
            "python": sys.executable,
            "root": str(ROOT),
            "kubeconfig": str(self._kubeconfig),
            "port": str(port),
        }
        wanted = {**self._subject.environment, **(changed or {})}
        environment = {**os.environ, **{k: v.format(**words) for k, v in wanted.items()}}
        command = [word.format(**words) for word in self._subject.command]
        process = _spawn(command, environment, self._log)
        self.operator = OperatorProcess(process, port)
        self._began = (time.monotonic(), 0.0)
        deadline = time.monotonic() + READY_SECONDS
        while not await asyncio.to_thread(self._ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise StepError(
                    f"{self._subject.name} does not become ready:\n{self.log_tail()}",
                    "Its last words are above.",
                )
            await asyncio.sleep(0.02)

    async def stop(self, seconds: float = 30) -> None:
        process = self.operator.process
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def begin(self) -> None:
        """A phase begins: `usage` counts from here."""
        self._began = (time.monotonic(), self.operator.cpu_seconds())
        # The peak of this phase, not of an earlier one (proc(5), clear_refs).
        Path(f"/proc/{self.operator.process.pid}/clear_refs").write_text("5")

    def usage(self) -> Usage:
        rss, peak = self.operator.memory_mb()
        began, cpu = self._began
        return Usage(time.monotonic() - began, self.operator.cpu_seconds() - cpu, rss, peak)

    async def idle(self, seconds: float) -> float:
        """Until it does nothing; seconds of the epoch at which the silence began."""
        tick = 1 / os.sysconf("SC_CLK_TCK")
        deadline = time.monotonic() + seconds
        since, quiet, before = time.time(), 0, self.operator.cpu_seconds()
        while quiet < _WINDOWS:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._subject.name} is not idle after {seconds:.0f} s")
            await asyncio.sleep(_WINDOW)
            now = self.operator.cpu_seconds()
            if now - before <= (_TICKS + 0.5) * tick:
                quiet += 1
            else:
                quiet, since = 0, time.time()
            before = now
            if quiet == _WINDOWS and await asyncio.to_thread(self._queue) > 0:
                quiet, since = 0, time.time()
        return since

    def log_tail(self, lines: int = 20) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def metric(self, name: str) -> float | None:
        """The sum of a metric over its labels; None where the subject names none."""
        if not name:
            return None
        text = self.operator.get("/metrics")
        return sum(map(float, re.findall(rf"^{name}(?:\{{.*\}})? (\S+)", text, re.MULTILINE)))

    def _ready(self) -> bool:
        if not self._subject.ready_path:
            return True
        url = f"http://127.0.0.1:{self.operator.port}{self._subject.ready_path}"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return int(answer.status) == 200
        except OSError:
            return False

    def _queue(self) -> float:
        """Objects that wait; 0 where the operator does not tell."""
        return self.metric(self._subject.queue_metric) or 0


def _spawn(
    command: list[str], environment: Mapping[str, str], log: Path
) -> "subprocess.Popen[bytes]":
    with log.open("ab") as said:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
