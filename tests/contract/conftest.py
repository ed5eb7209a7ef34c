"""One ground under the contract: the fake cluster, or a real API server."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import pytest
from kubernetes.aio import config
from kubernetes.aio.client import Configuration

from hack.cluster.apiserver import ApiServer
from inference_operator.adapters.kubernetes.client import Cluster, KubeCluster
from inference_operator.adapters.web.telemetry import Telemetry
from tests.fakes.cluster import FakeCluster


class Ground(Protocol):
    """A cluster under test, and what others do to it."""

    cluster: Cluster
    namespace: str

    def strangers_apply(self, body: Mapping[str, Any]) -> Any: ...

    def strangers_patch(self, kind: str, name: str, changes: Mapping[str, Any]) -> None: ...

    def get(self, kind: str, name: str) -> dict[str, Any] | None: ...


class FakeGround:
    """In memory."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.namespace = "ledger"

    def strangers_apply(self, body: Mapping[str, Any]) -> None:
        self.cluster.apply_as("helm", body)

    def strangers_patch(self, kind: str, name: str, changes: Mapping[str, Any]) -> None:
        self.cluster.edit(kind, name, changes)

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        return self.cluster.live(kind, name, self.namespace)


class RealGround:
    """A namespace of a real API server."""

    def __init__(self, cluster: KubeCluster, server: ApiServer, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self._kubectl = server.kubectl

    def strangers_apply(self, body: Mapping[str, Any]) -> None:
        words = ("apply", "--server-side", "--field-manager=helm", "-f", "-")
        self._kubectl(*words, stdin=json.dumps(body))

    def strangers_patch(self, kind: str, name: str, changes: Mapping[str, Any]) -> None:
        self._kubectl(
            *("patch", kind, name, "-n", self.namespace, "--type=merge"),
            *("--field-manager=kubectl-edit", "-p", json.dumps(changes)),
        )

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        words = ("get", kind, name, "-n", self.namespace, "--ignore-not-found", "-o", "json")
        output = self._kubectl(*words)
        return json.loads(output) if output else None


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.integration)])
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    if request.param == "fake":
        yield FakeGround()
        return
    server: ApiServer = request.getfixturevalue("server_with_crds")
    configuration = Configuration()
    await config.load_kube_config(
        config_file=os.fspath(server.kubeconfig), client_configuration=configuration
    )
    cluster = KubeCluster(configuration, Telemetry(), timeout=10)
    try:
        yield RealGround(cluster, server, request.getfixturevalue("namespace"))
    finally:
        await cluster.close()
