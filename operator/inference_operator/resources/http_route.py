"""The HTTPRoute of a unit, which divides HTTP requests by weight."""

from inference_operator.api.gateway import Gateway
from inference_operator.domain.gateway import HTTP_ROUTE
from inference_operator.domain.serving_unit import Owner
from inference_operator.resources.metadata import Manifest
from inference_operator.resources.pod import HTTP_PORT
from inference_operator.resources.routes import (
    API_VERSION,
    backend_refs,
    header_match,
    only_canary,
    route,
)

_ALL_PATHS = {"path": {"type": "PathPrefix", "value": "/"}}


def http_route(owner: Owner, gateway: Gateway, hostnames: tuple[str, ...], canary: int) -> Manifest:
    """Return the HTTPRoute; `canary` is the share of NAME-canary in percent."""
    rules = [{"matches": [_ALL_PATHS], "backendRefs": backend_refs(owner, HTTP_PORT, canary)}]
    if headers := header_match(gateway):
        matches = [{**_ALL_PATHS, "headers": headers}]
        rules.insert(0, {"matches": matches, "backendRefs": only_canary(owner, HTTP_PORT)})
    body = route(owner, gateway, hostnames, rules, canary)
    return {"apiVersion": API_VERSION, "kind": HTTP_ROUTE, **body}
