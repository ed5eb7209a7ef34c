"""The GRPCRoute of a unit, which divides gRPC requests by weight."""

from inference_operator.api.gateway import Gateway
from inference_operator.domain.gateway import GRPC_ROUTE
from inference_operator.domain.serving_unit import Owner
from inference_operator.resources.metadata import Manifest
from inference_operator.resources.pod import GRPC_PORT
from inference_operator.resources.routes import (
    API_VERSION,
    backend_refs,
    header_match,
    only_canary,
    route,
)


def grpc_route(owner: Owner, gateway: Gateway, hostnames: tuple[str, ...], canary: int) -> Manifest:
    """Return the GRPCRoute; `canary` is the share of NAME-canary in percent."""
    rules = [{"backendRefs": backend_refs(owner, GRPC_PORT, canary)}]
    if headers := header_match(gateway):
        matches: list[Manifest] = [{"headers": headers}]
        rules.insert(0, {"matches": matches, "backendRefs": only_canary(owner, GRPC_PORT)})
    body = route(owner, gateway, hostnames, rules, canary)
    return {"apiVersion": API_VERSION, "kind": GRPC_ROUTE, **body}
