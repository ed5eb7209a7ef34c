"""Gateways as processes of a test, each with a port and a log of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hack.services.server_process import free_ports

START_SECONDS = 120.0
# Each request has a connection of its own, so that any worker may get it.
_LIMITS = httpx.Limits(max_keepalive_connections=0)
_CLIENT = httpx.Client(timeout=10, trust_env=False, limits=_LIMITS)


@dataclass
class GatewayProcess:
    """A running gateway: its process, its address, and its standard output."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask over a connection of its own."""
        return _CLIENT.get(f"{self.url}{path}", headers=headers)

    def post(self, path: str, body: Any) -> httpx.Response:
        return _CLIENT.post(f"{self.url}{path}", json=body)

    def lines(self) -> list[dict[str, Any]]:
        """Return the log; ValueError for a line that is not JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def workers(self) -> set[int]:
        """Return the processes that answered a request, by the log, and live."""
        logger = "serving.gateway.requests"
        seen = {line["process"] for line in self.lines() if line["logger"] == logger}
        return {process for process in seen if is_alive(process)}

    def kill(self, process: int | None = None) -> None:
        """End a process, or all, as kill -9 does."""
        os.kill(process or self.process.pid, signal.SIGKILL)


def ended(variables: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Start a gateway with these variables, which ends by itself; return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "serving.gateway"],
        env={**os.environ, "PYTHONPATH": "operator:.", **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def is_alive(process: int) -> bool:
    """Return whether a process runs; one that is dead and not yet waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def gateway_process(
    folder: Path, settings: Mapping[str, Any], variables: Mapping[str, str] | None = None
) -> Iterator[GatewayProcess]:
    """Start a gateway and wait until it answers; end it by SIGTERM."""
    (port,) = free_ports(1)
    sections = {"storage": {"cache_dir": str(folder / "cache")}, **settings}
    sections["server"] = {"port": port, **settings.get("server", {})}
    file, log = folder / f"settings-{port}.yaml", folder / f"gateway-{port}.log"
    file.write_text(json.dumps(sections))
    environment = {**os.environ, "CONFIG_PATH": str(file), "PYTHONPATH": "operator:."}
    with log.open("wb") as out, (folder / f"gateway-{port}.errors").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving.gateway"],
            env={**environment, **(variables or {})},
            stdout=out,
            stderr=errors,
        )
    running = GatewayProcess(process, f"http://127.0.0.1:{port}", log)
    try:
        until(lambda: answers(running), START_SECONDS)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(running: GatewayProcess) -> bool:
    assert running.process.poll() is None, running.log.with_suffix(".errors").read_text()
    try:
        return running.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def until(holds: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until a condition holds; AssertionError if it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not hold in time"
        time.sleep(0.05)
