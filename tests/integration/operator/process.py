"""One operator process, as `inference-operator run` starts it."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[3]
PATIENCE = 40.0
# What Kopf waits for tasks that do not end: an end that took as long waited for one. On a quiet
# machine the end takes 0.3 s (docs/benchmarks.md).
KOPF_PATIENCE = 5.0

T = TypeVar("T")


def eventually(ask: Callable[[], T], why: Callable[[], object] = lambda: "") -> T:
    """The first true answer; AssertionError with `why()` when none comes."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := ask():
            return found
        time.sleep(0.1)
    raise AssertionError(f"that never came: {why()}")


class OperatorProcess:
    """Its log is a file; `/healthz`, `/readyz` and `/metrics` are on a port of its own."""

    def __init__(self, kubeconfig: Path, environment: Mapping[str, str]) -> None:
        self.port = _free_port()
        self._log = Path(tempfile.mkstemp(prefix="operator-", suffix=".log")[1])
        env = {
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'operator'}{os.pathsep}{ROOT}",
            "KUBECONFIG": str(kubeconfig),
            "INFERENCE_OPERATOR_PORT": str(self.port),
            **environment,
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "inference_operator.cli", "run"],
                env=env,
                cwd=ROOT,
                stderr=log,
                stdout=log,
            )

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, path: str) -> tuple[int, str]:
        """Status and text; 0 while nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as found:
                return found.status, found.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def await_ready(self) -> None:
        eventually(lambda: self.ask("/readyz")[0] == 200, lambda: self.log)

    def metric(self, name: str, **labels: str) -> float:
        """Sum of the samples of that name that have those labels."""
        total = 0.0
        for line in self.ask("/metrics")[1].splitlines():
            found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if not found or found.group(1) != name:
                continue
            has = dict(re.findall(r'(\w+)="([^"]*)"', found.group(2) or ""))
            if labels.items() <= has.items():
                total += float(found.group(3))
        return total

    @property
    def writes(self) -> int:
        """Requests that change something, as its own counters have them."""
        name = "inference_operator_api_requests_total"
        return int(sum(self.metric(name, verb=v) for v in ("POST", "PATCH", "DELETE", "PUT")))

    def stop(self) -> float:
        """SIGTERM; seconds until its end, which must be a good one."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(20)
        assert status == 0, self.log
        return time.monotonic() - began

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """As a node that loses power."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        if self.alive:
            self.kill()
        self._log.unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
