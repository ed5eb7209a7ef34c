"""An operator as a process of its own beside an API server, asked and measured from outside."""

import os
import re
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hack.product import ROOT
from hack.services import server_process
from hack.services.server_process import ServerProcess

_READY_SECONDS = 120
_REQUESTS = "inference_operator_api_requests_total"


@dataclass(frozen=True, slots=True)
class OperatorProcess:
    """A running operator, with its probes and `/metrics` on a port of its own."""

    server: ServerProcess
    port: int

    @property
    def log(self) -> str:
        return self.server.log.read_text("utf-8", "replace")

    @property
    def alive(self) -> bool:
        return self.server.process.poll() is None

    def get(self, path: str) -> str:
        """Return the text of a good answer; OSError for any other, and for none."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def ask(self, path: str) -> tuple[int, str]:
        """Return status and text; status 0 if the port is closed."""
        try:
            return 200, self.get(path)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def await_ready(self, path: str = "/readyz", seconds: float = _READY_SECONDS) -> None:
        server_process.await_answer(lambda: self.ask(path)[0] == 200, self.server, seconds=seconds)

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of that name that have those labels."""
        total = 0.0
        for line in self.get("/metrics").splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if not match or match.group(1) != name:
                continue
            has = dict(re.findall(r'(\w+)="([^"]*)"', match.group(2) or ""))
            if labels.items() <= has.items():
                total += float(match.group(3))
        return total

    @property
    def passes(self) -> float:
        return self.metric("inference_operator_passes_total")

    @property
    def requests(self) -> float:
        """Return the requests so far from its own counters, without Kopf's watches."""
        return self.metric(_REQUESTS)

    @property
    def writes(self) -> float:
        """Return the requests that change something."""
        return sum(self.metric(_REQUESTS, verb=v) for v in ("POST", "PATCH", "DELETE", "PUT"))

    def memory_mb(self) -> tuple[float, float]:
        """Return resident memory now and at its peak, in MB (10^6 bytes)."""
        return self.server.memory_mb()

    def cpu_seconds(self) -> float:
        """Return its CPU seconds, in steps of 10 ms."""
        return self.server.cpu_seconds()

    def stop(self) -> float:
        """Send SIGTERM; return the seconds until its end, which must be clean."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        status = self.server.process.wait(20)
        assert status == 0, self.log
        return time.monotonic() - began

    def signal(self, number: signal.Signals) -> None:
        self.server.process.send_signal(number)

    def kill(self) -> None:
        """Kill it, as if the node lost power."""
        self.server.kill()


@contextmanager
def operator_process(
    kubeconfig: Path, environment: Mapping[str, str], sources: Path = ROOT
) -> Iterator[OperatorProcess]:
    """Run `inference-operator run` of a checkout during the block; it may not be ready yet."""
    (port,) = server_process.free_ports(1)
    env = {
        **os.environ,
        "PYTHONPATH": f"{sources / 'operator'}{os.pathsep}{sources}",
        "KUBECONFIG": str(kubeconfig),
        "INFERENCE_OPERATOR_PORT": str(port),
        **environment,
    }
    command = [sys.executable, "-m", "inference_operator.cli", "run"]
    with tempfile.TemporaryDirectory(prefix="operator-") as folder:
        log = Path(folder) / "operator.log"
        # `python -m` imports from the current folder first.
        server = server_process.start("the operator", command, log, env=env, cwd=sources)
        try:
            yield OperatorProcess(server, port)
        finally:
            server.kill()
