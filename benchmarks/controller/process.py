"""The subject as a process: started, measured from outside, ended."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.controller.subject import Subject, filled
from hack.console import StepError
from hack.product import ROOT
from hack.services import server_process
from hack.services.operator_process import OperatorProcess

READY_SECONDS = 120
# Idle: as little CPU as this, in every window of a row.
_WINDOW, _WINDOWS = 0.25, 6
_TICKS = 1
_PROFILED = Path(__file__).with_name("profiled.py")


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of a phase."""

    seconds: float
    cpu_seconds: float
    rss_mb: float
    peak_mb: float


class Running:
    """The lives of a subject, one after the other."""

    def __init__(self, subject: Subject, kubeconfig: Path, log: Path) -> None:
        self._subject = subject
        self._kubeconfig = kubeconfig
        self._log = log
        self._life: OperatorProcess | None = None

    async def start(
        self,
        changed: Mapping[str, str] | None = None,
        *,
        root: Path = ROOT,
        profile: Path | None = None,
    ) -> None:
        """Start it from the checkout `root`, and wait until it serves.

        With `profile` it writes a profile there when it ends.
        """
        (port,) = server_process.free_ports(1)
        words = {
            "python": sys.executable,
            "root": str(root),
            "kubeconfig": str(self._kubeconfig),
            "port": str(port),
        }
        settings = {**self._subject.environment, **(changed or {})}
        environment = {**os.environ, **filled(settings, **words)}
        command = filled(self._command(profile), **words)
        server = server_process.start(
            self._subject.name, command, self._log, env=environment, cwd=root
        )
        self._life = OperatorProcess(server, port)
        self._began = (time.monotonic(), 0.0)
        if path := self._subject.ready_path:
            await asyncio.to_thread(self._life.await_ready, path, READY_SECONDS)

    def _command(self, profile: Path | None) -> list[str]:
        program, *words = self._subject.command
        if profile is None:
            return [program, *words]
        if program != "{python}":
            raise StepError(
                f"{self._subject.name} cannot be profiled: its command starts with {program!r}",
                "Only a command that starts with {python} can be; leave out --profile.",
            )
        return [program, str(_PROFILED), str(profile), *words]

    @property
    def _process(self) -> OperatorProcess:
        assert self._life is not None, "it was never started"
        return self._life

    def tail(self) -> str:
        """Return the end of its log; empty before its first life."""
        return self._life.server.tail() if self._life else ""

    async def stop(self, seconds: float = 30) -> None:
        """End it; do nothing if it never started."""
        if self._life is None:
            return
        process = self._life.server.process
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def begin(self) -> None:
        """Begin a phase: `usage` counts from here."""
        self._began = (time.monotonic(), self._process.cpu_seconds())
        # The peak of this phase, not of an earlier one (proc(5), clear_refs).
        Path(f"/proc/{self._process.server.process.pid}/clear_refs").write_text("5")

    def usage(self) -> Usage:
        rss, peak = self._process.memory_mb()
        began, cpu = self._began
        return Usage(time.monotonic() - began, self._process.cpu_seconds() - cpu, rss, peak)

    async def idle(self, seconds: float) -> float:
        """Wait until it does nothing; seconds of the epoch at which the silence began."""
        tick = 1 / os.sysconf("SC_CLK_TCK")
        deadline = time.monotonic() + seconds
        since, quiet, before = time.time(), 0, self._process.cpu_seconds()
        while quiet < _WINDOWS:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._subject.name} is not idle after {seconds:.0f} s")
            await asyncio.sleep(_WINDOW)
            now = self._process.cpu_seconds()
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
        return self._process.metric(name) if name else None

    def _queue(self) -> float:
        """Return the number of queued objects; 0 if the operator does not report it."""
        return self.metric(self._subject.queue_metric) or 0
