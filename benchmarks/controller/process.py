"""The operator under test as a process: started, measured from outside, ended."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.controller.operator_under_test import OperatorUnderTest
from hack.product import ROOT
from hack.services import server_process
from hack.services.operator_process import OperatorProcess

READY_SECONDS = 120
# Idle: as little CPU as this, in every window of a row.
_WINDOW, _WINDOWS = 0.25, 6
_TICKS = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of a phase."""

    seconds: float
    cpu_seconds: float
    rss_mb: float
    peak_mb: float


class Running:
    """One life of the operator under test."""

    def __init__(self, operator: OperatorUnderTest, kubeconfig: Path, log: Path) -> None:
        self._under_test = operator
        self._kubeconfig = kubeconfig
        self._log = log

    async def start(self, changed: Mapping[str, str] | None = None) -> None:
        """Wait until it serves."""
        (port,) = server_process.free_ports(1)
        words = {
            "python": sys.executable,
            "root": str(ROOT),
            "kubeconfig": str(self._kubeconfig),
            "port": str(port),
        }
        settings = {**self._under_test.environment, **(changed or {})}
        environment = {**os.environ, **{k: v.format(**words) for k, v in settings.items()}}
        command = [word.format(**words) for word in self._under_test.command]
        server = server_process.start(self._under_test.name, command, self._log, env=environment)
        self.operator = OperatorProcess(server, port)
        self._began = (time.monotonic(), 0.0)
        if path := self._under_test.ready_path:
            await asyncio.to_thread(self.operator.await_ready, path, READY_SECONDS)

    async def stop(self, seconds: float = 30) -> None:
        process = self.operator.server.process
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def begin(self) -> None:
        """Begin a phase: `usage` counts from here."""
        self._began = (time.monotonic(), self.operator.cpu_seconds())
        # The peak of this phase, not of an earlier one (proc(5), clear_refs).
        Path(f"/proc/{self.operator.server.process.pid}/clear_refs").write_text("5")

    def usage(self) -> Usage:
        rss, peak = self.operator.memory_mb()
        began, cpu = self._began
        return Usage(time.monotonic() - began, self.operator.cpu_seconds() - cpu, rss, peak)

    async def idle(self, seconds: float) -> float:
        """Wait until it does nothing; seconds of the epoch at which the silence began."""
        tick = 1 / os.sysconf("SC_CLK_TCK")
        deadline = time.monotonic() + seconds
        since, quiet, before = time.time(), 0, self.operator.cpu_seconds()
        while quiet < _WINDOWS:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._under_test.name} is not idle after {seconds:.0f} s")
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

    def metric(self, name: str) -> float | None:
        """Return the sum of a metric over its labels; None where the subject names none."""
        return self.operator.metric(name) if name else None

    def _queue(self) -> float:
        """Return the number of queued objects; 0 if the operator does not report it."""
        return self.metric(self._under_test.queue_metric) or 0
