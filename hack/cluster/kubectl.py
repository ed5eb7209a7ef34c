"""kubectl with one kubeconfig, as a value."""

import json
import subprocess
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from hack.cache import cache_root
from hack.cluster import binaries
from hack.cluster.reader import Reader
from hack.console import StepError


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs kubectl against the cluster of one kubeconfig."""

    kubeconfig: Path

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """Return its output; StepError with its words when it fails."""
        done = self._run(arguments, stdin)
        if done.returncode != 0:
            raise StepError(
                f"`kubectl {' '.join(arguments)}` failed: {done.stderr.strip()}",
                "Run `python -m hack.cluster status` to see whether the cluster is up.",
            )
        return done.stdout

    def succeeds(self, *arguments: str) -> bool:
        return self._run(arguments, None).returncode == 0

    def get(self, *arguments: str) -> Any:
        """Return `kubectl get ... -o json`, parsed; a plain read does not start a process."""
        reader = self._reader()
        body = reader.get(arguments) if reader else None
        return body if body is not None else json.loads(self("get", *arguments, "-o", "json"))

    def _reader(self) -> Reader | None:
        """Return a reader; None if the kubeconfig is missing or of another kind than ours."""
        try:
            return _reader(self.kubeconfig, self.kubeconfig.stat().st_mtime_ns)
        except (OSError, KeyError, TypeError, ValueError):
            return None

    def apply(self, *objects: dict[str, Any]) -> None:
        content = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(content))

    def wait_for_crds(self) -> None:
        """Wait until the API server serves every kind that has been applied."""
        words = ("wait", "--for=condition=Established", "crd", "--all", "--timeout=20s")
        # Fails at once, rather than waiting, while a new CRD has no conditions at all.
        for _ in range(20):
            if self.succeeds(*words):
                return
            time.sleep(0.2)
        self(*words)

    def _run(
        self, arguments: tuple[str, ...], stdin: str | None
    ) -> subprocess.CompletedProcess[str]:
        command = [str(binaries.kubectl()), f"--kubeconfig={self.kubeconfig}"]
        command += [f"--cache-dir={cache_root() / 'kubectl'}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True)


@lru_cache(maxsize=16)
def _reader(kubeconfig: Path, written: int) -> Reader:
    """Return one reader for each cluster: a new cluster writes a new kubeconfig."""
    return Reader(kubeconfig)


def advertise(kubeconfig: Path, node: str, resource: str, count: int) -> None:
    """Offer `count` of an extended resource (`nvidia.com/gpu`) on a node; 0 takes it away.

    The scheduler believes it; the kubelet keeps it until the node object is deleted.
    """
    amount = {resource: str(count) if count else None}
    patch = json.dumps({"status": {"capacity": amount, "allocatable": amount}})
    Kubectl(kubeconfig)("patch", "node", node, "--subresource=status", "--type=merge", "-p", patch)
