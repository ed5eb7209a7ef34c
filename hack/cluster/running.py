"""A cluster with its processes and its API: how to ask it, and how to wait for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hack.cluster import volumes
from hack.cluster.binaries import Binaries
from hack.cluster.control_plane import ControlPlane
from hack.cluster.kubectl import Kubectl
from hack.cluster.layout import Cluster
from hack.cluster.processes import Processes
from hack.console import StepError

_BOOT_SECONDS = 240
_CONTROL_PLANE = ("hub", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
_NODE_PROGRAMS = ("containerd", "kubelet", "kube-proxy")
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Running:
    """A cluster with what is needed to start, ask and stop its processes."""

    cluster: Cluster
    binaries: Binaries

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.cluster.kubeconfig)

    @property
    def processes(self) -> Processes:
        cluster = self.cluster
        return Processes(cluster.folder / "run", cluster.logs, f"{cluster.cgroup}/system")

    @property
    def plane(self) -> ControlPlane:
        return ControlPlane(
            folder=self.cluster.folder,
            binaries=self.binaries,
            address=self.cluster.node(1).address,
            service_cidr=self.cluster.service_cidr,
            first_service_ip=self.cluster.first_service_ip,
        )

    def expected(self) -> list[str]:
        """Return the names of all processes that a healthy cluster has."""
        names = [*_CONTROL_PLANE, "coredns", volumes.PROGRAM]
        for each in self.cluster.all_nodes():
            names += [each.name, *(each.process(program) for program in _NODE_PROGRAMS)]
        return names

    def ready_nodes(self, since: datetime = _EVER) -> list[str]:
        """Return the nodes that reported Ready after `since` (an older report may be stale)."""
        try:
            nodes = self.kubectl.get("nodes")["items"]
        except StepError:
            return []
        return [node["metadata"]["name"] for node in nodes if _is_ready(node, since)]

    def healthy(self, since: datetime = _EVER) -> bool:
        nodes = {each.name for each in self.cluster.all_nodes()}
        alive = all(self.processes.alive(name) for name in self.expected())
        return alive and nodes <= set(self.ready_nodes(since))

    def wait_for(self, condition: str, question: Callable[[], bool], *suspects: str) -> None:
        """Return once `question` is true; fail at once when a process of the cluster ends.

        The error shows the ends of the logs of `suspects`, if no process has ended.
        """
        deadline = time.monotonic() + _BOOT_SECONDS
        while not question():
            started = [path.stem for path in self.processes.run.glob("*.json")]
            dead = [name for name in started if not self.processes.alive(name)]
            if dead or time.monotonic() > deadline:
                raise self._never(condition, dead, suspects)
            time.sleep(0.1)

    def _never(self, condition: str, dead: list[str], suspects: tuple[str, ...]) -> StepError:
        names = dead or suspects or ["kube-apiserver", self.cluster.node(1).process("kubelet")]
        shown = "\n".join(f"--- {name}\n{self.processes.tail(name)}" for name in names)
        reason = f"{', '.join(dead)} ended" if dead else f"not within {_BOOT_SECONDS} s"
        return StepError(
            f"waiting for {condition}: {reason}\n{shown}",
            f"Read the logs in {self.cluster.logs}; then `down` and `up` again.",
        )


def _is_ready(node: dict[str, Any], since: datetime) -> bool:
    return any(
        condition["type"] == "Ready"
        and condition["status"] == "True"
        and datetime.fromisoformat(condition["lastHeartbeatTime"]) >= since
        for condition in node["status"].get("conditions", ())
    )


def current_server(kubeconfig: Path) -> str:
    """Return the address that a kubeconfig's current context talks to."""
    path = "jsonpath={.clusters[0].cluster.server}"
    return Kubectl(kubeconfig)("config", "view", "--minify", "-o", path)
