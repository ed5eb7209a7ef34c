"""The headless Service, with Kubernetes' own endpoints: they are those of the unit's Service."""

import json
from collections.abc import Iterator

import pytest

from hack.services.operator_process import OperatorProcess
from tests.fakes.bodies import revision_of, source
from tests.integration.operator.harness import NAME, OURS, NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration

HEADLESS = f"{NAME}-headless"
ON = {"headless": True}


@pytest.fixture
def node(scene: NamespaceHarness) -> Iterator[str]:
    """A node for the pods: without one, a pod is in no endpoints."""
    name = f"node-of-{scene.namespace}"
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
    scene.kubectl("create", "-f", "-", stdin=json.dumps(body))
    yield name
    scene.kubectl("delete", "node", name)


def give_addresses(scene: NamespaceHarness, node: str) -> dict[str, str]:
    """Bind each new pod to the node and give it an address; return each address' revision."""
    pods = scene.get("pods", "-l", OURS)["items"]
    taken = [pod["status"].get("podIP") for pod in pods]
    free = (a for a in (f"10.88.0.{number}" for number in range(1, 99)) if a not in taken)
    for pod in pods:
        if pod["spec"].get("nodeName"):
            continue
        name, address = pod["metadata"]["name"], next(free)
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        binding = {"metadata": {"name": name}, "target": target}
        body = {"apiVersion": "v1", "kind": "Binding", **binding}
        path = f"/api/v1/namespaces/{scene.namespace}/pods/{name}/binding"
        scene.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body))
        status = {"status": {"podIP": address, "podIPs": [{"ip": address}]}}
        words = ("--subresource=status", "--type=merge", "-p", json.dumps(status))
        scene.run("patch", "pod", name, *words)
    pods = scene.get("pods", "-l", OURS)["items"]
    return {pod["status"]["podIP"]: revision_of(pod) for pod in pods}


def endpoints(scene: NamespaceHarness, service: str) -> list[str]:
    """Return the addresses of a Service's ready endpoints."""
    slices = scene.get("endpointslices", "-l", f"kubernetes.io/service-name={service}")["items"]
    return sorted(
        address
        for each in slices
        for endpoint in each.get("endpoints") or ()
        if endpoint["conditions"]["ready"]
        for address in endpoint["addresses"]
    )


def leads_to(scene: NamespaceHarness, addresses: list[str]) -> bool:
    return endpoints(scene, HEADLESS) == endpoints(scene, NAME) == sorted(addresses)


def test_its_endpoints_are_the_pods_of_the_serving_revision(
    operator: OperatorProcess, scene: NamespaceHarness, node: str
) -> None:
    scene.apply(model=source(1), replicas=2, service=ON)
    scene.await_pods(2)
    scene.await_ready()
    old = give_addresses(scene, node)
    eventually(lambda: leads_to(scene, list(old)))
    assert scene.get("service", HEADLESS)["spec"]["clusterIP"] == "None"

    scene.apply(model=source(2), replicas=2, service=ON)
    scene.await_pods(4)
    assert leads_to(scene, list(old)), "the new pods do not answer yet"
    all_addresses = give_addresses(scene, node)
    scene.await_ready()
    new = [a for a, revision in all_addresses.items() if revision == scene.served()]
    assert len(new) == 2
    eventually(lambda: leads_to(scene, new))

    writes = operator.writes
    scene.apply(model=source(2), replicas=2)
    eventually(lambda: scene.run("get", "service", HEADLESS, "--ignore-not-found") == "")
    assert scene.served(), "the unit's Service stays"
    assert operator.writes > writes
