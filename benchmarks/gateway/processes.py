"""The plain program as a server, and how long it is."""

import os
import sys
from pathlib import Path

from hack.product import ROOT
from hack.services.gateway import LocalGateway
from hack.services.server_process import ServerProcess, start


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
