"""The operator as a process of its own beside an API server, asked from outside."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.apiserver import ApiServer

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class OperatorProcess:
    """A running `inference-operator run`."""

    process: "subprocess.Popen[bytes]"
    port: int

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def requests(self) -> dict[str, float]:
        """API requests so far, by `VERB resource`; Kopf's watches are not among them."""
        found: dict[str, float] = {}
        pattern = r'^inference_operator_api_requests_total\{.*resource="(\w+)",verb="(\w+)"\} (\S+)'
        for resource, verb, count in re.findall(pattern, self.get("/metrics"), re.MULTILINE):
            found[f"{verb} {resource}"] = found.get(f"{verb} {resource}", 0) + float(count)
        return found

    def passes(self) -> float:
        found = re.findall(
            r"^inference_operator_passes_total\{.*\} (\S+)", self.get("/metrics"), re.M
        )
        return sum(float(count) for count in found)

    def memory_mb(self) -> tuple[float, float]:
        """Resident memory now and at its peak, in MB (10^6 bytes)."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", text, re.M))
        return int(found["VmRSS"]) * 1.024e-3, int(found["VmHWM"]) * 1.024e-3

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def operator_process(server: ApiServer) -> Iterator[OperatorProcess]:
    """Started against the API server, and ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}",
        "KUBECONFIG": str(server.kubeconfig),
        "INFERENCE_OPERATOR_PORT": str(port),
        "INFERENCE_OPERATOR_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "inference_operator.cli", "run"]
    process = subprocess.Popen(command, env=environment)
    try:
        operator = OperatorProcess(process, port)
        _wait_until_ready(operator)
        yield operator
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(operator: OperatorProcess) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            operator.get("/readyz")
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the operator is not ready after 30 s")
