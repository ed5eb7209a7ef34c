"""Routes, and Services whose endpoints are servers of this machine, for tests of the gateway."""

from collections.abc import Mapping
from typing import Any

from hack.cluster import gateway
from hack.cluster.kubectl import Kubectl
from tests.fakes.inference_server import FakeInferenceServer

NAMESPACE = "routing"
HTTP, GRPC = "HTTPRoute", "GRPCRoute"
HOSTNAMES = {HTTP: "lstm.example.com", GRPC: "lstm-grpc.example.com"}
CANARY_HEADER = {"name": "x-canary", "value": "always"}
_PORTS = {HTTP: 8000, GRPC: 8001}


def services(servers: Mapping[str, FakeInferenceServer]) -> list[dict[str, Any]]:
    """Return a Service and an EndpointSlice for each server, by the Service's name."""
    objects = []
    for name, server in servers.items():
        ports = {"http": server.http_port, "grpc": server.grpc_port}
        published = [
            {"name": "http", "port": _PORTS[HTTP]},
            {"name": "grpc", "port": _PORTS[GRPC], "appProtocol": "kubernetes.io/h2c"},
        ]
        objects.append(_object("v1", "Service", name, spec={"ports": published}))
        slice_ = _object(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            name,
            addressType="IPv4",
            endpoints=[{"addresses": [server.host], "conditions": {"ready": True}}],
            ports=[{"name": key, "port": port} for key, port in ports.items()],
        )
        slice_["metadata"]["labels"] = {"kubernetes.io/service-name": name}
        objects.append(slice_)
    return objects


def route(kind: str, weights: Mapping[str, int], *, name: str = "lstm", **spec: Any) -> Any:
    """Return a route to Services by weight; a request with the canary's header goes to `canary`."""
    rules = [{"backendRefs": [_backend(kind, service, w) for service, w in weights.items()]}]
    if "canary" in weights:
        match = {"headers": [{"type": "Exact", **CANARY_HEADER}]}
        rules.insert(0, {"matches": [match], "backendRefs": [_backend(kind, "canary", 1)]})
    fields = {"parentRefs": [gateway.parent_ref()], "hostnames": [HOSTNAMES[kind]], "rules": rules}
    return _object(f"{gateway.GROUP}/v1", kind, name, spec={**fields, **spec})


def conditions(kubectl: Kubectl, kind: str, name: str = "lstm") -> dict[str, dict[str, Any]]:
    """Return the gateway's conditions of the route's present generation, by type."""
    body = kubectl.get(kind, name, "-n", NAMESPACE)
    return {
        condition["type"]: condition
        for parent in body.get("status", {}).get("parents", ())
        for condition in parent["conditions"]
        if condition["observedGeneration"] == body["metadata"]["generation"]
    }


def is_accepted(kubectl: Kubectl, kind: str) -> bool:
    """Return whether the gateway has taken the route as it is now."""
    current = conditions(kubectl, kind)
    return all(
        current.get(each, {}).get("status") == "True" for each in ("Accepted", "ResolvedRefs")
    )


def _backend(kind: str, service: str, weight: int) -> dict[str, Any]:
    return {"name": service, "port": _PORTS[kind], "weight": weight}


def _object(version: str, kind: str, name: str, **fields: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **fields}
