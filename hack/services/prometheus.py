"""A real Prometheus for tests: a configuration in, answers to queries out."""

import http.client
import json
import signal
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hack.cluster import binaries
from hack.console import StepError
from hack.services import server_process
from hack.services.server_process import LocalServer, ServerProcess, free_ports

NAME = "Prometheus"
_ANSWER_SECONDS = 10


class LocalPrometheus(LocalServer):
    """`with LocalPrometheus(folder, configuration) as prometheus:` ... `prometheus.uri`. Linux.

    It listens on loopback, or on another address of this machine. Its data lie in `folder` and are
    there again at the next start; `stop()` and `start()` keep the address. The kernel ends it with
    the thread that started it.
    """

    def __init__(
        self,
        folder: Path,
        configuration: Mapping[str, Any],
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
    ) -> None:
        super().__init__(folder)
        self.address = f"{host}:{port or free_ports(1)[0]}"
        self.uri = f"http://{self.address}"
        self._configuration = configuration

    def launch(self) -> ServerProcess:
        # JSON is YAML.
        (self.folder / "prometheus.yaml").write_text(json.dumps(self._configuration))
        return server_process.start(NAME, self._command(), self.log, cwd=self.folder)

    def freeze(self) -> None:
        """Let it accept connections and answer nothing until `thaw`."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """End a freeze; nothing happens without one."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self._server is None:
            raise StepError(f"{NAME} does not run", "Start it first.")
        self._server.process.send_signal(number)

    def answers(self) -> bool:
        """Return whether it is ready for queries."""
        try:
            with _direct().open(f"{self.uri}/-/ready", timeout=2):
                return True
        except (OSError, http.client.HTTPException):
            return False

    def query(self, text: str, at: float) -> bytes:
        """Return the answer to an instant query, an error's too; `at` is a Unix time."""
        form = urllib.parse.urlencode({"query": text, "time": f"{at:.3f}"}).encode()
        try:
            with _direct().open(f"{self.uri}/api/v1/query", form, _ANSWER_SECONDS) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            return error.read()

    def _command(self) -> list[str | Path]:
        return [
            binaries.ensure(binaries.PROMETHEUS)["prometheus"],
            f"--config.file={self.folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            "--storage.tsdb.retention.time=6h",
            f"--web.listen-address={self.address}",
            "--log.level=warn",
        ]


def promtool() -> Path:
    """Return promtool of the same version; the first call builds both."""
    return binaries.ensure(binaries.PROMETHEUS)["promtool"]


def _direct() -> urllib.request.OpenerDirector:
    """Return an opener that no proxy of the environment is asked by."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
