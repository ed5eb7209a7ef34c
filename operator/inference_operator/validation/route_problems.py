"""Gateways and hostnames of a spec that the operator's allow-lists do not contain."""

from collections.abc import Iterator

from inference_operator.api.custom_resources import AnySpec
from inference_operator.api.gateway import Gateway
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import shown
from inference_operator.domain.allow_lists import AllowLists, allows_gateway, allows_hostname
from inference_operator.validation.allow_list_problems import outside_list

_PATH = "spec.rollout.canary.gateway"


def routes_not_allowed(spec: AnySpec, lists: AllowLists, namespace: str) -> tuple[Problem, ...]:
    """Return a problem for each Gateway and hostname that is not in its list, if there is a list;
    `namespace` is that of the resource."""
    canary = spec.rollout.canary
    if canary is None or canary.gateway is None:
        return ()
    gateway = canary.gateway
    return (
        *_gateways(gateway, lists.gateways, namespace),
        *_hostnames(gateway, lists.hostnames, namespace),
    )


def _gateways(gateway: Gateway, allowed: tuple[str, ...], namespace: str) -> Iterator[Problem]:
    for number, parent in enumerate(gateway.parent_refs):
        place = f"{parent.namespace or namespace}/{parent.name}"
        if allowed and not allows_gateway(allowed, place, namespace):
            path = f"{_PATH}.parentRefs[{number}]"
            yield outside_list(path, f"the Gateway {shown(place)}", allowed, "GATEWAYS")


def _hostnames(gateway: Gateway, allowed: tuple[str, ...], namespace: str) -> Iterator[Problem]:
    for name, hosts in (("http", gateway.http), ("grpc", gateway.grpc)):
        for number, hostname in enumerate(hosts.hostnames if hosts else ()):
            if allowed and not allows_hostname(allowed, hostname, namespace):
                path = f"{_PATH}.{name}.hostnames[{number}]"
                yield outside_list(path, shown(hostname), allowed, "HOSTNAMES")
