"""The real operator process against a real API server with Kubernetes' controllers, no kubelet."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hack.cluster.apiserver import ApiServer
from hack.services.mlflow.server import LocalMlflow
from hack.services.operator_process import OperatorProcess, operator_process
from tests.conftest import install_crds
from tests.integration.operator.harness import NamespaceHarness
from tests.integration.operator.registered import Registry

Start = Callable[..., OperatorProcess]


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ApiServer]:
    """With a controller manager: Deployments get pods, and garbage is collected."""
    with ApiServer(controller_manager=True) as server:
        install_crds(server)
        yield server


@pytest.fixture
def scene(control_plane: ApiServer) -> NamespaceHarness:
    """A namespace of its own."""
    return NamespaceHarness.new(control_plane)


@pytest.fixture
def start(control_plane: ApiServer) -> Iterator[Start]:
    """Starts operators that end with the test."""
    with ExitStack() as stack:

        def begin(**environment: str) -> OperatorProcess:
            return stack.enter_context(operator_process(control_plane.kubeconfig, environment))

        yield begin


@pytest.fixture
def operator(start: Start, scene: NamespaceHarness) -> OperatorProcess:
    """An operator that serves the scene's namespace, ready."""
    process = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    process.await_ready()
    return process


@pytest.fixture(scope="session")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMlflow]:
    with LocalMlflow(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture
def registry(mlflow: LocalMlflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return Registry(mlflow, tmp_path)


@pytest.fixture
def begin(start: Start, scene: NamespaceHarness, mlflow: LocalMlflow) -> Start:
    """Starts an operator that asks MLflow every second."""

    def started(**environment: str) -> OperatorProcess:
        process = start(
            INFERENCE_OPERATOR_NAMESPACES=scene.namespace,
            INFERENCE_OPERATOR_MLFLOW_TRACKING_URI=mlflow.uri,
            INFERENCE_OPERATOR_REGISTRY_INTERVAL_SECONDS="1",
            **environment,
        )
        process.await_ready()
        return process

    return started
