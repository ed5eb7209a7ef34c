"""A real Triton process on loopback ports, run straight from the Triton CPU image's file system.

For tests that need Triton and no cluster. Linux, root. Nothing outlives the block: the server has a
mount and a process namespace of its own, and the kernel ends both with the thread that started it.
"""

import json
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from hack.images.catalog import rootfs
from hack.images.torch import torch_dir
from hack.services import server_process
from hack.services.server_process import ServerProcess, free_ports

FLAGS = ("--model-control-mode=none", "--strict-readiness=true")
_PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PYTORCH = re.compile(r'"(?:pytorch|pytorch_libtorch)"')

# Read-only but for /tmp and /dev/shm, like the operator's pods. The Python backend ends the whole
# server where it cannot make a folder in /tmp; in a shared /dev/shm two servers would meet.
_ENTER = """
root=$1; models=$2; torch=$3; backends=$4; shift 4
mount --bind -o ro "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind -o ro "$models" "$root/models"
if [ -n "$torch" ]; then mount --bind -o ro "$torch" "$root/opt/torch"; fi
own=$root/opt/tritonserver/backends
if [ -n "$backends" ]; then mount -t overlay -o ro,lowerdir="$backends:$own" overlay "$own"; fi
exec chroot "$root" /opt/tritonserver/bin/tritonserver "$@"
"""


class LocalTriton:
    """`with LocalTriton(model_repository) as triton:` ... `triton.http`, `triton.grpc`.

    The repository is laid out as Triton wants it: `<model>/config.pbtxt`, `<model>/<version>/...`.
    A model that does not load raises StepError with Triton's own message, unless
    `tolerate_failures`: then ask `index()` for each model's state and reason.
    """

    def __init__(
        self,
        model_repository: Path,
        *,
        extra_args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        tolerate_failures: bool = False,
        timeout_s: float = 300,
    ) -> None:
        self.repository = model_repository.resolve()
        self._tolerant = tolerate_failures
        self._extra_args = [*extra_args, *(["--exit-on-error=false"] if tolerate_failures else [])]
        self._env = dict(env or {})
        self._backends = ""
        self._timeout_s = timeout_s
        self._server: ServerProcess | None = None
        self._kept_log: Path | None = None
        self._listen_at(*free_ports(3))

    def _listen_at(self, http: int, grpc: int, metrics: int) -> None:
        self._ports = {"http": http, "grpc": grpc, "metrics": metrics}
        self.http = f"127.0.0.1:{http}"
        """host:port as tritonclient.http takes it."""
        self.grpc = f"127.0.0.1:{grpc}"
        """host:port as tritonclient.grpc takes it."""
        self.metrics = f"http://127.0.0.1:{metrics}/metrics"

    def at(self, ports: tuple[int, int, int], log: Path) -> Self:
        """Take these ports for HTTP, gRPC and metrics, and keep the log in a file."""
        self._listen_at(*ports)
        self._kept_log = log
        return self

    def with_backends(self, folder: Path) -> Self:
        """Add backends, such as `<folder>/<backend>/model.py`, to those of the image."""
        self._backends = str(folder.resolve())
        return self

    def __enter__(self) -> Self:
        self._temporary = tempfile.NamedTemporaryFile(prefix="triton-", suffix=".log")
        self._log = self._kept_log or Path(self._temporary.name)
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        command += ["sh", "-euc", _ENTER, "sh", *self._folders(), *self._flags()]
        env = {"PATH": _PATH, "LANG": "C.UTF-8", **self._env}
        self._server = server_process.start("Triton", command, self._log, env=env)
        try:
            server_process.await_answer(self._answers, self._server, seconds=self._timeout_s)
        except BaseException:
            self.stop()
            raise
        return self

    def start(self) -> Self:
        """Start it, and return when its models are ready; StepError if they are not."""
        return self.__enter__()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and everything it started; a second call does nothing."""
        if self._server is not None:
            self._server.kill()
            self._server = None
            self._temporary.close()

    def ended(self) -> int | None:
        """Return the status with which it ended by itself; None while it runs."""
        return None if self._server is None else self._server.process.poll()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def index(self) -> dict[str, tuple[str, str]]:
        """Return each model's state ("READY", "UNAVAILABLE") and the reason Triton gives for it."""
        entries: list[dict[str, Any]] = json.loads(self._fetch("/v2/repository/index", data=b"{}"))
        return {e["name"]: (e.get("state", ""), e.get("reason", "")) for e in entries}

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples whose labels include `labels`."""
        pairs = [f'{label}="{value}"' for label, value in labels.items()]
        samples = self.samples().items()
        return sum(
            value
            for series, value in samples
            if re.match(rf"{name}($|{{)", series) and all(pair in series for pair in pairs)
        )

    def samples(self) -> dict[str, float]:
        """Return all samples of its metrics by their series, as `name{label="value"}`."""
        with urllib.request.urlopen(self.metrics, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {series: float(value) for series, _, value in pairs}

    def _folders(self) -> list[str]:
        configs = self.repository.glob("*/config.pbtxt")
        wants_torch = any(_PYTORCH.search(config.read_text()) for config in configs)
        torch = str(torch_dir()) if wants_torch else ""
        return [str(rootfs("triton")), str(self.repository), torch, self._backends]

    def _flags(self) -> list[str]:
        ports = [f"--{name}-port={port}" for name, port in self._ports.items()]
        hosts = [f"--{name}-address=127.0.0.1" for name in self._ports]
        return ["--model-repository=/models", *FLAGS, *hosts, *ports, *self._extra_args]

    def _answers(self) -> bool:
        try:
            self._fetch("/v2/health/live" if self._tolerant else "/v2/health/ready")
            self.samples()  # it begins to listen for these last
        except OSError:  # refused, reset, or not ready yet (HTTPError is an OSError too)
            return False
        return True

    def _fetch(self, path: str, data: bytes | None = None) -> bytes:
        with urllib.request.urlopen(f"http://{self.http}{path}", data=data, timeout=5) as answer:
            content: bytes = answer.read()
            return content
