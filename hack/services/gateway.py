"""A prediction gateway as people start it: a process and a settings file, on loopback."""

import http.client
import json
import os
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hack.product import ROOT
from hack.services import server_process
from hack.services.server_process import LocalServer, ServerProcess

NAME = "gateway"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class LocalGateway(LocalServer):
    """`with LocalGateway(folder, sections, port) as gateway:` ... `gateway.uri`. Linux.

    It answers when all its routes can be used. The kernel ends it with the thread that started it.
    """

    def __init__(self, folder: Path, sections: Mapping[str, Any], port: int) -> None:
        super().__init__(folder)
        self.uri = f"http://127.0.0.1:{port}"
        server = {**sections.get("server", {}), "host": "127.0.0.1", "port": port}
        self._sections = {**sections, "server": server}

    @property
    def settings_file(self) -> Path:
        return self.folder / "settings.yaml"

    def launch(self) -> ServerProcess:
        # JSON is YAML.
        self.settings_file.write_text(json.dumps(self._sections, indent=2) + "\n")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SERVING_")}
        env = {**kept, "CONFIG_PATH": str(self.settings_file), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "serving.gateway"]
        return server_process.start(NAME, command, self.log, env=env, cwd=self.folder)

    def answers(self) -> bool:
        """Return whether all its routes can be used."""
        try:
            with _DIRECT.open(f"{self.uri}/ready", timeout=5):
                return True
        except (OSError, http.client.HTTPException):
            return False
