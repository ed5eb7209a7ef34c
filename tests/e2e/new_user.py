"""A shell of a new user, who has the demo's cluster, its namespace and its model store."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hack.cluster import binaries
from hack.demo.model import namespace as restricted_namespace
from hack.product import ROOT
from hack.services.cluster_store import ClusterStore
from tests.e2e.harness import ClusterHarness

NAMESPACE = "trading"
SET_UP = 'make demo\neval "$(.venv/bin/python -m hack.cluster env)"\n'
SECONDS = 240
PROGRAMS = {
    "inference-operator": "inference_operator.cli",
    "kubectl-inference": "inference_operator.cli.rollout_commands",
}


@dataclass(frozen=True)
class Shell:
    """A shell of a new user, with a namespace and a store as the demo makes them."""

    folder: Path
    environment: dict[str, str]
    namespace: str

    def run(self, block: str) -> str:
        """Run a block of the page in the user's folder, and return what it prints."""
        script = block.replace(NAMESPACE, self.namespace)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


def shells(harness: ClusterHarness, tmp_path: Path) -> Iterator[Shell]:
    """Yield a shell, for a fixture, and remove its namespace afterwards."""
    name = f"quick-{uuid.uuid4().hex[:6]}"
    restricted_namespace(harness.kubectl, name)
    ClusterStore(harness.kubectl, name).deploy(harness.images.operator)
    programs = tmp_path / "programs"
    programs.mkdir()
    python = tmp_path / "user" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    _write(python, f'exec {sys.executable} "$@"')
    for program, module in PROGRAMS.items():
        _write(programs / program, f'exec {sys.executable} -m {module} "$@"')
    path = f"{programs}:{binaries.kubectl().parent}:{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "KUBECONFIG": str(harness.kubeconfig),
        "PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}",
    }
    yield Shell(tmp_path / "user", environment, name)
    harness.kubectl("delete", "namespace", name, "--wait=false")


def _write(program: Path, line: str) -> None:
    program.write_text(f"#!/bin/sh\n{line}\n")
    program.chmod(0o755)
