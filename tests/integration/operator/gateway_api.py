"""The kinds of the Gateway API in an API server, and a gateway that accepts every route."""

import json
from typing import Any

from hack.cluster.kubectl import Kubectl
from tests.fakes.gateways import accepted, rollout
from tests.integration.operator.harness import READY, NamespaceHarness

GROUP = "gateway.networking.k8s.io"
KINDS = {"HTTPRoute": "httproutes", "GRPCRoute": "grpcroutes"}
NODE = "without-a-kubelet"


def _crd(kind: str, plural: str) -> dict[str, Any]:
    """Return a CRD that takes every field; its lists are atomic, as those of the Gateway API."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{GROUP}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }
            ],
        },
    }


def install_gateway_api(kubectl: Kubectl) -> None:
    """Apply the CRDs, and wait until the API server serves them."""
    kubectl.apply(*(_crd(kind, plural) for kind, plural in KINDS.items()))
    for plural in KINDS.values():
        name = f"crd/{plural}.{GROUP}"
        kubectl("wait", "--for=condition=Established", name, "--timeout=60s")


def routes(scene: NamespaceHarness) -> list[dict[str, Any]]:
    """Return the live routes of both kinds."""
    return [body for plural in KINDS.values() for body in scene.get(plural)["items"]]


def accept_routes(scene: NamespaceHarness, **changes: Any) -> None:
    """Accept each route as it is written now."""
    for route in routes(scene):
        body = accepted(route, **changes)
        if route.get("status") == body["status"]:
            continue
        kind, name = route["kind"].lower(), route["metadata"]["name"]
        words = ("--subresource=status", "--type=merge", "-p", json.dumps(body))
        scene.run("patch", f"{kind}s.{GROUP}", name, *words)


def pods_answer(scene: NamespaceHarness) -> None:
    """Make each pod ready, on a node and with an address: EndpointSlices have no others."""
    scene.kubectl.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
    for number, pod in enumerate(scene.get("pods")["items"], 1):
        if pod["status"].get("podIP"):
            continue
        address = f"192.0.2.{number}"
        status = {**READY["status"], "podIP": address, "podIPs": [{"ip": address}]}
        name = pod["metadata"]["name"]
        binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": NODE}}
        path = f"/api/v1/namespaces/{scene.namespace}/pods/{name}/binding"
        scene.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(binding))
        words = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
        scene.run("patch", "pod", name, *words)


def hosts(scene: NamespaceHarness) -> dict[str, Any]:
    """Return `spec.rollout` with hostnames that no other namespace has."""
    return rollout(
        http={"hostnames": [f"{scene.namespace}.example.com"]},
        grpc={"hostnames": [f"{scene.namespace}-grpc.example.com"]},
    )


def weights(route: dict[str, Any]) -> list[int]:
    """Return the weights of a route's last rule."""
    return [ref["weight"] for ref in route["spec"]["rules"][-1]["backendRefs"]]
