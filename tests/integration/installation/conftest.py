"""An API server of its own, since CRDs are deleted here, and Helm."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hack.cluster.apiserver import ApiServer
from hack.cluster.binaries import HELM, ensure
from hack.cluster.kubectl import Kubectl


@dataclass(frozen=True, slots=True)
class Helm:
    """Helm with files in one folder, for the cluster of one kubeconfig."""

    folder: Path
    kubeconfig: Path = Path(os.devnull)

    def run(self, *words: str | Path) -> "subprocess.CompletedProcess[str]":
        homes = ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")
        environment = {
            **os.environ,
            **{name: str(self.folder / name.lower()) for name in homes},
            "KUBECONFIG": str(self.kubeconfig),
        }
        command = [str(ensure(HELM)["helm"]), *map(str, words)]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    def __call__(self, *words: str | Path) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    return Helm(tmp_path / "helm")


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    with ApiServer() as server:
        yield server


@pytest.fixture(scope="module")
def kubectl(server: ApiServer) -> Kubectl:
    return server.kubectl
