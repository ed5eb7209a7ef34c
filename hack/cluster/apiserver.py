"""An API server without nodes (etcd and kube-apiserver on loopback), for integration tests."""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from hack.cluster import fake_nodes
from hack.cluster.binaries import API_SERVER, KWOK, NODE, Binaries, ensure
from hack.cluster.control_plane import ControlPlane, Ports
from hack.cluster.kubectl import Kubectl
from hack.console import StepError

# Room for the Services of some thousand models.
_SERVICE_CIDR, _FIRST_SERVICE_IP = "10.0.0.0/16", "10.0.0.1"
_BOOT_SECONDS = 60
_ATTEMPTS = 3


class ApiServer:
    """A context manager; needs no root, and dies with the thread that started it.

    `kubeconfig` is an administrator's, `audit_log` has one JSON line a request (Metadata level).
    Without `controller_manager` nothing collects garbage, fills Deployments or makes
    ServiceAccounts (pods are admitted without one). With `fake_nodes` there are scheduler and
    kwok beside it, and pods become Ready without ever running.
    """

    def __init__(self, *, controller_manager: bool = False, fake_nodes: int = 0) -> None:
        self._with_controllers = controller_manager or fake_nodes > 0
        self._fake_nodes = fake_nodes
        self._children: list[subprocess.Popen[bytes]] = []
        self.folder = Path(tempfile.mkdtemp(prefix="inference-operator-api-"))
        self.kubeconfig = self.folder / "pki" / "admin.kubeconfig"
        self.audit_log = self.folder / "audit.log"

    def start(self) -> Self:
        binaries = ensure(API_SERVER, *((NODE, KWOK) if self._fake_nodes else ()))
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._boot(binaries)
            except StepError:
                # Somebody may have taken a port between our look and etcd's bind.
                self._kill()
                if attempt == _ATTEMPTS:
                    raise
            except BaseException:
                self.stop()
                raise
            else:
                break
        return self

    def stop(self) -> None:
        """End all at once (SIGKILL: nothing is worth a drain of a minute) and remove every file."""
        self._kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.kubeconfig)

    def kubeconfig_of(self, user: str) -> Path:
        """The kubeconfig of another administrator, whom the audit log tells apart."""
        return self._plane.kubeconfig(user, "system:masters")

    def _boot(self, binaries: Binaries) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        self._plane = plane = ControlPlane(
            folder=self.folder,
            binaries=binaries,
            address="127.0.0.1",
            service_cidr=_SERVICE_CIDR,
            first_service_ip=_FIRST_SERVICE_IP,
            ports=Ports(*_free_ports(3)),
        )
        plane.admin()
        admission = [] if self._with_controllers else ["--disable-admission-plugins=ServiceAccount"]
        self._spawn("etcd", plane.etcd())
        self._spawn(
            "kube-apiserver",
            plane.api_server(["--endpoint-reconciler-type=none", *admission]),
        )
        self._await("get", "--raw", "/readyz")
        self._await("get", "namespace", "default")
        if self._with_controllers:
            self._spawn("kube-controller-manager", plane.controller_manager())
            self._await("get", "serviceaccount", "default", "--namespace=default")
        if self._fake_nodes:
            self._spawn("kube-scheduler", plane.scheduler())
            self._spawn("kwok", fake_nodes.kwok(plane))
            self.kubectl.apply(*fake_nodes.nodes(self._fake_nodes))
            self._await("wait", "node", "--all", "--for=condition=Ready", "--timeout=1s")

    def _spawn(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._children.append(
                subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def _await(self, *question: str) -> None:
        deadline = time.monotonic() + _BOOT_SECONDS
        while time.monotonic() < deadline:
            if any(child.poll() is not None for child in self._children):
                break
            if self.kubectl.succeeds(*question):
                return
            time.sleep(0.05)
        logs = "\n".join(_tail(log) for log in sorted(self.folder.glob("*.log")))
        raise StepError(f"the API server did not become ready:\n{logs}", "Read the logs above.")

    def _kill(self) -> None:
        for child in self._children:
            child.kill()
        for child in self._children:
            child.wait()
        self._children.clear()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join([f"--- {log.name}", *lines[-15:]])
