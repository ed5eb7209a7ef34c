"""CPU time and memory of other processes, as the kernel counts them."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from hack.product import ROOT
from hack.services.gateway import LocalGateway
from hack.services.server_process import ServerProcess, start

_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """A process with all its threads, but not its children."""

    pid: int

    def cpu_seconds(self) -> float:
        """Return its CPU seconds, in steps of 10 ms."""
        _, _, rest = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")
        fields = rest.split()
        return (int(fields[11]) + int(fields[12])) * _TICK

    def rss_mb(self) -> float:
        """Return its resident memory in MB (1e6 bytes)."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (line,) = (each for each in lines if each.startswith("VmRSS"))
        return int(line.split()[1]) * 1024 / 1e6


class PlainServer(LocalGateway):
    """The program of `benchmarks.gateway.plain`, in front of a Triton at `grpc`."""

    def __init__(self, folder: Path, grpc: str, port: int) -> None:
        super().__init__(folder, {}, port)
        self._grpc, self._port = grpc, port

    def launch(self) -> ServerProcess:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "TRITON": self._grpc}
        command = [sys.executable, "-m", "benchmarks.gateway.plain", str(self._port)]
        return start("plain", command, self.log, env=env, cwd=self.folder)


def program_lines() -> int:
    """Return the lines of the plain program that are not empty."""
    text = (Path(__file__).parent / "plain.py").read_text("utf-8")
    return sum(bool(line.strip()) for line in text.splitlines())
