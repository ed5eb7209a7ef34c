"""Routes of the Gateway API in a real API server, with its EndpointSlice controller."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hack.cluster.apiserver import ApiServer
from hack.services.operator_process import OperatorProcess, operator_process
from tests.conftest import install_crds
from tests.fakes.bodies import source
from tests.integration.operator.gateway_api import (
    accept_routes,
    hosts,
    install_gateway_api,
    pods_answer,
    routes,
    weights,
)
from tests.integration.operator.harness import NAME, NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    """A control plane of its own, without the Gateway API at first."""
    with ApiServer(controller_manager=True) as server:
        install_crds(server)
        yield server


@pytest.fixture(scope="module")
def operator(server: ApiServer) -> Iterator[OperatorProcess]:
    with operator_process(server.kubeconfig, {}) as process:
        process.await_ready()
        yield process


def programmed(scene: NamespaceHarness) -> tuple[str, str]:
    condition = scene.condition("GatewayProgrammed")
    return condition.get("status", ""), condition.get("reason", "")


def gateway_works(scene: NamespaceHarness, until: Callable[[], Any]) -> None:
    """Let kubelets and a gateway work until the condition holds."""

    def holds() -> bool:
        pods_answer(scene)
        accept_routes(scene)
        return bool(until())

    eventually(holds, lambda: (scene.model().get("status"), routes(scene)))


def test_crds_that_are_applied_later_are_used_without_a_restart(
    server: ApiServer, operator: OperatorProcess
) -> None:
    scene = NamespaceHarness.new(server)
    scene.apply(model=source(1), rollout=hosts(scene))
    scene.await_pods(1)
    eventually(lambda: programmed(scene) == ("False", "GatewayAPIMissing"))
    scene.await_ready()

    install_gateway_api(server.kubectl)
    eventually(lambda: len(routes(scene)) == 2, lambda: operator.log[-3000:])
    gateway_works(scene, lambda: programmed(scene) == ("True", "Accepted"))
    assert operator.metric("inference_operator_errors_total") == 0, operator.log


def test_a_version_is_promoted_by_routes_and_what_others_change_is_put_back(
    server: ApiServer, operator: OperatorProcess
) -> None:
    install_gateway_api(server.kubectl)
    scene = NamespaceHarness.new(server)
    scene.apply(model=source(1), rollout=hosts(scene))
    gateway_works(scene, lambda: programmed(scene) == ("True", "Accepted"))
    first = scene.served()

    scene.apply(model=source(2), rollout=hosts(scene))
    gateway_works(scene, lambda: len(scene.children("deployment")) == 1 and scene.served() != first)
    gateway_works(scene, lambda: programmed(scene) == ("True", "Accepted"))
    assert [weights(route) for route in routes(scene)] == [[100, 0], [100, 0]]
    slices = scene.get("endpointslices", "-l", "inference.aipx.io/track")["items"]
    assert {body["metadata"]["labels"]["inference.aipx.io/track"] for body in slices} == {
        "stable",
        "canary",
    }

    before = scene.get("httproute", NAME)["spec"]
    extra = [*before["rules"][-1]["backendRefs"], {"name": "else", "port": 80, "weight": 900}]
    changed = {"spec": {"rules": [{**before["rules"][-1], "backendRefs": extra}]}}
    scene.run("patch", "httproute", NAME, "--type=merge", "-p", json.dumps(changed))
    eventually(lambda: scene.get("httproute", NAME)["spec"] == before)
    eventually(lambda: scene.event_reasons().count("DriftRepaired") == 1, scene.event_reasons)


def test_the_gateways_words_are_in_the_status(server: ApiServer, operator: OperatorProcess) -> None:
    install_gateway_api(server.kubectl)
    scene = NamespaceHarness.new(server)
    scene.apply(model=source(1), rollout=hosts(scene))
    eventually(lambda: len(routes(scene)) == 2)
    accept_routes(scene, status="False", reason="NotAllowedByListeners", message="not here")
    eventually(lambda: programmed(scene) == ("False", "GatewayRefused"))

    message = scene.condition("GatewayProgrammed")["message"]
    assert message == (
        "Gateway gateways/public refuses the HTTPRoute (Accepted): NotAllowedByListeners: not here"
    )
