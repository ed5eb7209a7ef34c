"""`spec.rollout.canary.gateway`: routes of the Gateway API that divide requests by weight."""

from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, DnsSubdomain, Int
from inference_operator.api.rules import Check, Rule, UniqueBy, text

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"

Hostname = Annotated[
    str,
    Field(min_length=1, max_length=253),
    text(
        # The last label starts with a letter: the Gateway API has no IP addresses here.
        rf"(\*\.)?({_LABEL}\.)*[a-z]([-a-z0-9]*[a-z0-9])?",
        "a DNS name in lower case, such as model.example.com or *.example.com",
        "write the name that clients call, without a scheme, a port or an IP address",
    ),
]
Hostnames = Annotated[tuple[Hostname, ...], Field(min_length=1, max_length=16), UniqueBy()]

HeaderName = Annotated[
    str,
    Field(min_length=1, max_length=256),
    text(
        r"[A-Za-z0-9][-A-Za-z0-9_.]*",
        "letters, digits, '-', '_' and '.', starting with a letter or digit",
        "write the name of an HTTP header, such as x-canary",
    ),
]
HeaderValue = Annotated[
    str,
    Field(min_length=1, max_length=256),
    text(
        r"[!-~]+( [!-~]+)*",
        "visible ASCII characters, with single spaces between them",
        "choose another value, such as always",
    ),
]


class ParentRef(ApiModel):
    """A Gateway that the routes attach to, as in an HTTPRoute."""

    name: DnsSubdomain
    """Name of the Gateway."""

    namespace: DnsSubdomain | None = None
    """Namespace of the Gateway. Absent: that of the resource."""

    section_name: DnsSubdomain | None = None
    """Name of one listener. Absent: all listeners that allow the route."""

    port: Annotated[Int, Field(ge=1, le=65535)] | None = None
    """Port of the listeners. Absent: any."""


def _is_each_once(parents: tuple[ParentRef, ...]) -> bool:
    places = [(parent.name, parent.namespace, parent.section_name) for parent in parents]
    return len(set(places)) == len(places)


_SAME = " && ".join(
    (
        "a.name == b.name",
        *(
            f"has(a.{field}) == has(b.{field}) && (!has(a.{field}) || a.{field} == b.{field})"
            for field in ("__namespace__", "sectionName")
        ),
    )
)
ParentRefs = Annotated[
    tuple[ParentRef, ...],
    Field(min_length=1, max_length=8),
    Check(
        Rule(
            cel=f"self.all(a, self.exists_one(b, {_SAME}))",
            holds=_is_each_once,
            value="two parentRefs with the same name, namespace and sectionName",
            requirement="each listener of a Gateway once",
            remedy="remove one of the two, or give each its own sectionName",
        )
    ),
]


class RouteHosts(ApiModel):
    """Names under which clients call one of the two protocols."""

    hostnames: Hostnames
    """DNS names; `*.example.com` stands for all names below example.com."""


class HeaderMatch(ApiModel):
    """A header of requests."""

    name: HeaderName
    """Name of the header; upper and lower case are the same."""

    value: HeaderValue
    """Exact value of the header."""


def _are_disjoint(gateway: "Gateway") -> bool:
    http, grpc = gateway.http, gateway.grpc
    return http is None or grpc is None or not {*http.hostnames} & {*grpc.hostnames}


class Gateway(ApiModel):
    """Routes of the Gateway API. They divide the requests between the Services NAME-stable and
    NAME-canary by the weight of the step. Only clients that call the Gateway see the weights."""

    rules: ClassVar = (
        Rule(
            cel="has(self.http) || has(self.grpc)",
            holds=lambda self: self.has("http") or self.has("grpc"),
            value="neither http nor grpc",
            requirement="at least one of the two",
            remedy="add http or grpc with the hostnames that clients call",
        ),
        Rule(
            cel="!has(self.http) || !has(self.grpc)"
            " || self.http.hostnames.all(h, !(h in self.grpc.hostnames))",
            holds=_are_disjoint,
            value="a hostname in http and in grpc",
            requirement="different hostnames, since a Gateway accepts only one of the two routes"
            " for a hostname",
            remedy="give gRPC clients a hostname of their own",
        ),
    )

    parent_refs: ParentRefs
    """Gateways that the routes attach to."""

    http: RouteHosts | None = None
    """Requests over HTTP. Absent: no HTTPRoute."""

    grpc: RouteHosts | None = None
    """Requests over gRPC. Absent: no GRPCRoute."""

    header: HeaderMatch | None = None
    """Requests with this header always go to the canary, whatever its weight; without a canary,
    they go to the stable revision."""
