"""An API server without nodes (etcd and kube-apiserver on loopback), for integration tests."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from hack.cluster import versions
from hack.cluster.binaries import Binaries, api_server, ensure
from hack.cluster.control_plane import ControlPlane, Ports
from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from hack.services import server_process
from hack.services.server_process import ServerProcess, free_ports

# Room for the Services of some thousand models.
_SERVICE_CIDR, _FIRST_SERVICE_IP = "10.0.0.0/16", "10.0.0.1"
# Endpoints may not be on loopback. An aggregated API is found there by its Service's external name,
# which the API server reads only without this routing.
_API_FLAGS = ["--endpoint-reconciler-type=none", "--enable-aggregator-routing=false"]
_BOOT_SECONDS = 180
_ATTEMPTS = 3


class ApiServer:
    """A context manager; needs no root, and dies with the thread that started it.

    `kubeconfig` is an administrator's, `audit_log` has one JSON line a request (Metadata level).
    Without `controller_manager`, or `start_controllers` later, nothing collects garbage, fills
    Deployments or makes ServiceAccounts (pods are admitted without one).
    """

    def __init__(self, *, controller_manager: bool = False) -> None:
        self._with_controllers = controller_manager
        self._children: list[ServerProcess] = []
        self.folder = Path(tempfile.mkdtemp(prefix="inference-operator-api-"))
        self.kubeconfig = self.folder / "pki" / "admin.kubeconfig"
        self.audit_log = self.folder / "audit.log"

    def start(self) -> Self:
        binaries = ensure(api_server(versions.chosen()))
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

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.kubeconfig)

    def kubeconfig_of(self, user: str, group: str = "system:masters") -> Path:
        """Return the kubeconfig of another user: an administrator, whom the audit log tells apart,
        unless the group is another one."""
        return self._plane.kubeconfig(user, group)

    def start_controllers(self, flags: Sequence[str] = ()) -> None:
        """Start the controller manager, with these flags more, and wait until it works.

        It asks for the API server's kinds now and every 30 s: kinds that come later wait for that.
        """
        self._spawn("kube-controller-manager", self._plane.controller_manager(flags))
        self._await("get", "serviceaccount", "default", "--namespace=default")

    def _boot(self, binaries: Binaries) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        self._plane = plane = ControlPlane(
            folder=self.folder,
            binaries=binaries,
            address="127.0.0.1",
            service_cidr=_SERVICE_CIDR,
            first_service_ip=_FIRST_SERVICE_IP,
            ports=Ports(*free_ports(3)),
        )
        plane.admin()
        admission = [] if self._with_controllers else ["--disable-admission-plugins=ServiceAccount"]
        self._spawn("etcd", plane.etcd())
        self._spawn("kube-apiserver", plane.api_server([*_API_FLAGS, *admission]))
        self._await("get", "--raw", "/readyz")
        self._await("get", "namespace", "default")
        if self._with_controllers:
            self.start_controllers()

    def _spawn(self, name: str, command: list[str]) -> None:
        self._children.append(server_process.start(name, command, self.folder / f"{name}.log"))

    def _await(self, *question: str) -> None:
        server_process.await_answer(
            lambda: self.kubectl.succeeds(*question), *self._children, seconds=_BOOT_SECONDS
        )

    def _kill(self) -> None:
        for child in self._children:
            child.kill()
        self._children.clear()
