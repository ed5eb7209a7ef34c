"""A running `inference-operator probe`, and the requests and processes of a test's Triton."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hack.services.server_process import free_ports

ROOT = Path(__file__).parents[3]


@dataclass
class Probe:
    """A probe in a process of its own."""

    port: int
    folder: Path
    process: "subprocess.Popen[str]"
    log: Path
    began: float = field(default_factory=time.monotonic)

    def status(self, page: str) -> int:
        """Return the status of `/ready` or `/live`; 0 if nothing listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{page}", timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def metric(self, name: str, **labels: str) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=2) as answer:
            lines = answer.read().decode().splitlines()
        pairs = [f'{label}="{value}"' for label, value in labels.items()]
        samples = [line for line in lines if re.match(rf"{name}[{{ ]", line)]
        return sum(float(line.split()[-1]) for line in samples if all(p in line for p in pairs))

    def rss(self) -> int:
        """Return its memory in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def has_reported(self) -> bool:
        """Return whether its report is there, and not only an empty file."""
        log = self.folder / "termination-log"
        return log.exists() and log.read_text().endswith("}")

    def report(self) -> dict[str, str]:
        """Return what it wrote on its termination log."""
        content: dict[str, str] = json.loads((self.folder / "termination-log").read_text())
        return content


@contextmanager
def probing(
    triton: str, model: str, folder: Path, *, version: int = 1, first_request: str = "Check"
) -> Iterator[Probe]:
    """Run a probe of one version of a model."""
    (port,) = free_ports(1)
    folder.mkdir(exist_ok=True)
    log = folder / "log"
    words = ["--model", model, "--version", str(version), "--first-request", first_request]
    words += ["--triton", triton, "--address", "127.0.0.1", "--port", str(port)]
    words += ["--folder", str(folder), "--termination-log", str(folder / "termination-log")]
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "inference_operator.cli", "probe", *words],
            env={"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}", "PATH": "/usr/bin:/bin"},
            stderr=stderr,
            text=True,
        )
    try:
        yield Probe(port, folder, process, log)
    finally:
        process.kill()
        process.wait()


def within(seconds: float, holds: Callable[[], bool], that: Callable[[], str] = str) -> float:
    """Wait until it holds; return the seconds that it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {that()}"
        time.sleep(0.05)
    return time.monotonic() - began


def infer(triton: str, model: str, first: float = 1.0, timeout: float = 5) -> int:
    """Send x = [first, 0, 0, 0]; return the status, or 0 if there is no answer in time."""
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [first, 0, 0, 0]}
    body = json.dumps({"inputs": [tensor]}).encode()
    request = urllib.request.Request(f"http://{triton}/v2/models/{model}/infer", body)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def stubs(repository: Path, model: str) -> list[int]:
    """Return the Python processes of a model, of the Triton that has this repository."""
    own = []
    # A mount may begin at the root of another file system. Workers of pytest differ in the third.
    place = "/".join(repository.resolve().parts[-4:])
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            mounts = (process / "mountinfo").read_text()
        except OSError:
            continue
        is_stub = "triton_python_backend_stub" in words[0] and any(
            f"/models/{model}/" in word for word in words
        )
        if is_stub and f"/{place} " in mounts:
            own.append(int(process.name))
    return sorted(own)


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
