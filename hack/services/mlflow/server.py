"""A real MLflow tracking server on loopback: sqlite, and artifacts that go through the server."""

import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from hack.services import server_process
from hack.services.server_process import LocalServer, ServerProcess, free_ports

NAME = "MLflow"
_BOOT_SECONDS = 240.0  # the first start makes the database's tables
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONUNBUFFERED": "1",
}


class LocalMlflow(LocalServer):
    """`with LocalMlflow(folder) as mlflow:` ... `mlflow.uri`. Linux, root.

    Runs, models and artifacts lie in `folder` and are there again at the next start; `stop()` and
    `start()` keep the address. The server has a process namespace of its own, which the kernel ends
    with the thread that started it. `artifacts` is another place for artifacts, such as
    s3://BUCKET/PREFIX, and `env` what the server needs to reach it.
    """

    ready_seconds = _BOOT_SECONDS

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        artifacts: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(folder)
        self._artifacts, self._env = artifacts, dict(env or {})
        self.port = port or free_ports(1)[0]
        self.uri = f"http://127.0.0.1:{self.port}"

    def launch(self) -> ServerProcess:
        alone = ["unshare", "--pid", "--fork", "--kill-child"]
        words = [*alone, *command(self.folder, self.port, self._artifacts)]
        env = environment() | self._env
        return server_process.start(NAME, words, self.log, env=env, cwd=self.folder)

    def answers(self) -> bool:
        """Return whether it is ready for requests."""
        return answers(self.uri)

    def stop(self) -> None:
        """End the server at once; a second call does nothing."""
        if self._server is not None:
            super().stop()
            # The kernel ends the namespace's processes after the one that made it.
            while answers(self.uri):
                time.sleep(0.02)


def command(folder: Path, port: int, artifacts: str | None = None) -> list[str]:
    """Return the server's command line; Postgres and S3 are other URIs, and nothing else."""
    options = {
        "--backend-store-uri": f"sqlite:///{folder.resolve() / 'mlflow.db'}",
        "--artifacts-destination": artifacts or str(folder.resolve() / "artifacts"),
        "--host": "127.0.0.1",
        "--port": str(port),
        "--workers": "1",
    }
    words = [word for option in options.items() for word in option]
    return [str(Path(sys.executable).with_name("mlflow")), "server", "--serve-artifacts", *words]


def environment() -> dict[str, str]:
    """Return our environment without settings that make the server a client of another one."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return {**ours, **_QUIET}


def await_answer(uri: str, server: ServerProcess) -> None:
    """Return when the server answers; StepError when it ends, or takes longer than 90 s."""
    server_process.await_answer(lambda: answers(uri), server, seconds=_BOOT_SECONDS)


def answers(uri: str) -> bool:
    """Return whether a tracking server answers there."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{uri}/health", timeout=2) as answer:
            return bool(answer.read() == b"OK")
    except (OSError, ValueError, http.client.HTTPException):
        return False
