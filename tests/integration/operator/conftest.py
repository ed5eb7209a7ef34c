"""The real operator process against a real API server with Kubernetes' controllers, no kubelet."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from hack.cluster.apiserver import ApiServer
from tests.conftest import install_crds
from tests.integration.operator.process import OperatorProcess
from tests.integration.operator.scene import Scene

Start = Callable[..., OperatorProcess]


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ApiServer]:
    """With a controller manager: Deployments get pods, and garbage is collected."""
    with ApiServer(controller_manager=True) as server:
        install_crds(server)
        yield server


@pytest.fixture
def scene(control_plane: ApiServer) -> Scene:
    """A namespace of its own."""
    return Scene.new(control_plane)


@pytest.fixture
def start(control_plane: ApiServer) -> Iterator[Start]:
    """Starts operators that end with the test."""
    with ExitStack() as stack:

        def begin(**environment: str) -> OperatorProcess:
            process = OperatorProcess(control_plane.kubeconfig, environment)
            stack.callback(process.end)
            return process

        yield begin


@pytest.fixture
def operator(start: Start, scene: Scene) -> OperatorProcess:
    """An operator that serves the scene's namespace, ready."""
    process = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    process.await_ready()
    return process
