"""The servers that subjects are measured on.

Each subject gets its own etcd, API server and controller manager. They start empty, so objects and
garbage of the subject before it do not slow it down.
"""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks.controller import ready_pods
from benchmarks.controller.machine import CONTROL_PLANE, await_quiet
from benchmarks.controller.subject import Subject
from hack.cluster.apiserver import ApiServer
from hack.console import StepError
from hack.product import ROOT
from hack.services import server_process

_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A namespace on a server, for one measurement."""

    server: ApiServer
    namespace: str
    pods: bool
    """Whether anything becomes Ready."""

    def clear(self, subject: Subject) -> None:
        """Delete custom resources, then children."""
        names = ",".join(kind.words for kind in (subject.resource, *subject.children))
        self.server.kubectl("delete", names, "--all", "-n", self.namespace)


class Environment:
    """A maker of places, on new servers or (tests) on one that all of them share."""

    def __init__(self, *, pods: bool = True, shared: ApiServer | None = None) -> None:
        """With `pods` there is a controller manager, and pods become Ready."""
        self.pods = pods
        self._shared = shared
        self._installed: tuple[tuple[str, ...], Path] | None = None

    def alone(self) -> "Environment":
        """Return the environment of an API server alone."""
        return Environment(pods=False, shared=self._shared)

    @property
    def description(self) -> str:
        if not self.pods:
            return "etcd, kube-apiserver"
        return "etcd, kube-apiserver, kube-controller-manager, and a watcher that readies pods"

    @contextmanager
    def place(self, subject: Subject, root: Path = ROOT) -> Iterator[Place]:
        """Provide a place with the subject's manifests of the checkout `root`, until it is left.

        On a shared server it is cleared then.
        """
        new = ApiServer(controller_manager=self.pods)
        with nullcontext(self._shared) if self._shared else new as server:
            assert server is not None
            self._install(server, subject, root)
            place = Place(server, f"benchmark-{uuid.uuid4().hex[:6]}", self.pods)
            server.kubectl("create", "namespace", place.namespace)
            pods = ready_pods_of(server, place.namespace) if self.pods else nullcontext()
            with pods:
                if not self._shared:
                    # The new server merges the CRDs into its OpenAPI documents.
                    await_quiet(*CONTROL_PLANE)
                yield place
                if self._shared:
                    place.clear(subject)

    def _install(self, server: ApiServer, subject: Subject, root: Path) -> None:
        """Apply the subject's manifests, unless the shared server has them."""
        manifests = (subject.manifests, root)
        if not self._shared or self._installed != manifests:
            apply_manifests(server, subject, root)
        self._installed = manifests


def apply_manifests(server: ApiServer, subject: Subject, root: Path) -> None:
    """Apply what the subject needs, as a person does before an installation or an upgrade."""
    for path in subject.manifests:
        where = root / path
        flag = "-k" if (where / "kustomization.yaml").exists() else "-f"
        server.kubectl("apply", "--server-side", "--force-conflicts", flag, str(where))
    server.kubectl.wait_for_crds()


@contextmanager
def ready_pods_of(server: ApiServer, namespace: str) -> Iterator[None]:
    """Make the pods of a namespace Ready during the block; StepError if the watcher ended."""
    kubeconfig = server.kubeconfig_of(ready_pods.USER)
    module = "benchmarks.controller.ready_pods"
    command = [sys.executable, "-m", module, str(kubeconfig), namespace]
    log = server.folder / "ready-pods.log"
    watcher = server_process.start("ready-pods", command, log, cwd=ROOT)
    try:
        server_process.await_answer(
            lambda: ready_pods.STARTED in log.read_text(), watcher, seconds=_START_SECONDS
        )
        yield
        if watcher.process.poll() is not None:
            raise StepError(f"the watcher of pods ended:\n{watcher.tail()}", "Read its log above.")
    finally:
        watcher.kill()
