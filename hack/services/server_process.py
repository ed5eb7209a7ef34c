"""Servers as child processes: started with a log, awaited, and ended with whoever started them."""

import os
import random
import re
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hack.console import StepError

_TAIL_LINES = 100
_PORTS = range(20_000, 32_000)


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server that runs beside us; its output goes to the end of `log`."""

    name: str
    log: Path
    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """End it at once; a second call does nothing."""
        self.process.kill()
        self.process.wait()

    def tail(self) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])

    def cpu_seconds(self) -> float:
        """Return its CPU seconds with all its threads, without children, in steps of 10 ms."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> tuple[float, float]:
        """Return resident memory now and at its peak, in MB (10^6 bytes), without children."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        sizes = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", text, re.M))
        return int(sizes["VmRSS"]) * 1.024e-3, int(sizes["VmHWM"]) * 1.024e-3


class LocalServer:
    """`with LocalSomething(folder) as server:` ... A server whose files lie in `folder`.

    `stop()` and `start()` keep the address. The kernel ends it with the thread that started it.
    """

    ready_seconds = 60.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: ServerProcess | None = None

    def launch(self) -> ServerProcess:
        """Start the process; the folder is there."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Return whether it is ready for requests."""
        raise NotImplementedError

    def start(self) -> Self:
        """Start it, and return when it answers; StepError if it does not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._server = self.launch()
        try:
            await_answer(self.answers, self._server, seconds=self.ready_seconds)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server at once; a second call does nothing."""
        if self._server is not None:
            self._server.kill()
            self._server = None

    @property
    def process(self) -> ServerProcess:
        """The running process; StepError if it was not started."""
        if self._server is None:
            raise StepError(f"no server runs in {self.folder}", "Call start() first.")
        return self._server

    def ended(self) -> int | None:
        """Return the status with which it ended by itself; None while it runs."""
        return None if self._server is None else self._server.process.poll()

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> ServerProcess:
    """Start a server that the kernel ends with the *thread* that started it. Linux."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    return ServerProcess(name, log, process)


def await_answer(answers: Callable[[], bool], *servers: ServerProcess, seconds: float) -> None:
    """Return when it answers; StepError, with the log, when a server ended or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for server in servers:
            if (status := server.process.poll()) is not None:
                raise _failure(f"{server.name} ended with {status}", server)
        if answers():
            return
        time.sleep(0.02)
    raise _failure(f"{servers[-1].name} does not answer after {seconds:.0f} s", *servers)


def is_free(port: int) -> bool:
    """Return whether no program listens at a port of loopback."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Return that many different ports on loopback at which no program listens.

    The ports lie below the range that the kernel gives to outgoing connections. A connection could
    take a port of that range between this check and the server's start.
    """
    ports: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if is_free(port):
            ports.append(port)
        if len(ports) == count:
            return ports
    raise StepError(f"fewer than {count} ports are free on loopback", "See `ss -ltn`.")


def _failure(problem: str, *servers: ServerProcess) -> StepError:
    logs = [f"--- {server.log.name}\n{server.tail()}" for server in servers]
    return StepError("\n".join([f"{problem}:", *logs]), "Read the log above.")
