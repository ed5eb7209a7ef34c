"""A real Argo CD and a real operator beside one API server with Kubernetes' controllers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hack.cluster import audit_log
from hack.cluster.apiserver import ApiServer
from hack.cluster.kubectl import Kubectl
from hack.services.argo_cd import NAMESPACE, LocalArgoCd
from hack.services.operator_process import OperatorProcess, operator_process
from tests.conftest import install_crds
from tests.integration.argocd.application import Application
from tests.integration.argocd.git import Repository
from tests.integration.operator.harness import NamespaceHarness

ROOT = Path(__file__).parents[3]
MANIFEST = ROOT / "manifests" / "argocd" / "argocd-cm.yaml"
ARGO_CD_USER, OPERATOR_USER = "argo-cd", "inference-operator"


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ApiServer]:
    """With a controller manager: Deployments get pods, and garbage is collected."""
    with ApiServer(controller_manager=True) as server:
        install_crds(server)
        yield server


@pytest.fixture(scope="session")
def argo_cd(
    control_plane: ApiServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalArgoCd]:
    """Argo CD with our scripts, which are added as docs/gitops.md says."""
    folder = tmp_path_factory.mktemp("argo-cd")
    user = control_plane.kubeconfig_of(ARGO_CD_USER)
    with LocalArgoCd(folder, control_plane.kubectl, user) as server:
        add_scripts(control_plane.kubectl)
        yield server


def add_scripts(kubectl: Kubectl) -> None:
    """Add our health checks and actions to Argo CD's settings, as docs/gitops.md says."""
    words = ("--server-side", "--field-manager=inference-operator", "-f", str(MANIFEST))
    kubectl("apply", *words)


@pytest.fixture
def scene(control_plane: ApiServer) -> NamespaceHarness:
    """A namespace of its own."""
    return NamespaceHarness.new(control_plane)


@pytest.fixture
def operator(control_plane: ApiServer, scene: NamespaceHarness) -> Iterator[OperatorProcess]:
    """An operator that serves the scene's namespace, as a user of its own."""
    settings = {"INFERENCE_OPERATOR_NAMESPACES": scene.namespace}
    with operator_process(control_plane.kubeconfig_of(OPERATOR_USER), settings) as process:
        process.await_ready()
        yield process


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "git")


@pytest.fixture
def application(
    argo_cd: LocalArgoCd, control_plane: ApiServer, scene: NamespaceHarness
) -> Application:
    """An Application of the scene's namespace; nothing is applied yet."""
    return Application(argo_cd, control_plane.kubectl, scene.namespace, scene.namespace)


@pytest.fixture
def writes(control_plane: ApiServer) -> Callable[[], list[str]]:
    """Return what the operator and Argo CD wrote since the start, apart from what Argo CD keeps of
    itself in its own namespace."""

    def written() -> list[str]:
        entries = audit_log.writes(control_plane.audit_log, ARGO_CD_USER, OPERATOR_USER)
        return [
            f"{entry['user']['username']}: {audit_log.target_of(entry)}"
            for entry in entries
            if entry["objectRef"].get("namespace") != NAMESPACE
        ]

    return written
