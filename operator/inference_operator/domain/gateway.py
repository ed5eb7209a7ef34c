"""The routes of a unit and the two Services behind them, as they are and as they shall be."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from inference_operator.api.gateway import Gateway
from inference_operator.domain.names import Backend, UnitKey
from inference_operator.domain.traffic import Split, Traffic

TROUBLE_LENGTH = 1024
"""Longest text about routes that a gateway does not accept."""

HTTP_ROUTE, GRPC_ROUTE = "HTTPRoute", "GRPCRoute"

Revision = str


@dataclass(frozen=True, slots=True)
class BackendView:
    """One of the two Services that the routes lead to."""

    selected: Revision | None = None
    """The revision that the live Service selects; None if there is no Service."""

    endpoints: frozenset[Revision] = frozenset()
    """Revisions of its ready endpoints; empty text for a pod that is not known yet."""

    @property
    def is_ready(self) -> bool:
        """Return whether it has ready endpoints, and all are of the revision that it selects.

        >>> BackendView("b", frozenset({"a", "b"})).is_ready
        False
        """
        return self.endpoints == {self.selected}


@dataclass(frozen=True, slots=True)
class RouteView:
    """A live HTTPRoute or GRPCRoute."""

    weights: Mapping[Backend, int]
    """Share of each Service in the requests, in percent; both are 0 if it leads elsewhere."""

    effective: bool = False
    """Whether all its Gateways have taken over the route as it is written now."""

    trouble: str = ""
    """Why a Gateway does not accept it, in the gateway's words."""

    unreported: str = ""
    """What a Gateway has not reported about it yet: the controller and the generation."""

    beside: frozenset[Backend] = frozenset()
    """Services that its other rules lead to, such as the one for requests with a header."""

    @property
    def leads_nowhere(self) -> bool:
        return not any(self.weights.values())

    def may_lead_to(self, backend: Backend) -> bool:
        """Return whether a Gateway may send requests there: weight 0 must be effective too."""
        return self.weights[backend] > 0 or not self.effective or backend in self.beside


@dataclass(frozen=True, slots=True)
class GatewayView:
    """What a unit with a gateway has in the cluster."""

    spec: Gateway | None
    """The section of the spec; None if it cannot be read."""

    backends: Mapping[Backend, BackendView]
    routes: Mapping[str, RouteView] = field(default_factory=dict)
    """The live routes, by kind."""

    unseen: tuple[str, ...] = ()
    """Kinds that it needs, and that the operator cannot list."""

    rivals: Mapping[str, UnitKey] = field(default_factory=dict)
    """Hostnames that older units have on the same Gateway, each with its unit."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of routes that shall exist; those that do, if the section cannot be read."""
        return tuple(self.routes if self.spec is None else self.hostnames)

    @property
    def hostnames(self) -> Mapping[str, tuple[str, ...]]:
        """Hostnames of each route that shall exist, by kind; those of older units are left out."""
        if self.spec is None:
            return {}
        hosts = {HTTP_ROUTE: self.spec.http, GRPC_ROUTE: self.spec.grpc}
        names = {
            kind: tuple(name for name in section.hostnames if name not in self.rivals)
            for kind, section in hosts.items()
            if section is not None
        }
        return {kind: own for kind, own in names.items() if own}

    def may_lead_to(self, revision: Revision | None) -> bool:
        """Return whether a Gateway may still send requests to the revision. Its pods must then
        neither be deleted nor become fewer.

        While the weight goes back to NAME-stable, that holds for each revision: a Gateway may learn
        of the route before it learns of the endpoints.
        """
        return self._is_returning or any(
            revision in (view.selected, *view.endpoints) and self.is_reached(backend)
            for backend, view in self.backends.items()
        )

    @property
    def _is_returning(self) -> bool:
        """Whether NAME-stable, which selects what NAME-canary does, does not have all weight yet.
        A Gateway that refuses a route has no weight to give back."""
        revisions = {view.selected for view in self.backends.values()}
        return len(revisions) == 1 and any(
            route.weights[Backend.CANARY] > 0 or not (route.effective or route.trouble)
            for route in self.routes.values()
        )

    def is_reached(self, backend: Backend) -> bool:
        """Return whether a Gateway may send requests to the Service."""
        return bool(self.unseen) or any(
            route.may_lead_to(backend) for route in self.routes.values()
        )

    def is_free(self, backend: Backend) -> bool:
        """Return whether the Service may select another revision: each route gives it weight 0,
        and that is effective. Requests with a header follow it to any revision."""
        return not self.unseen and all(
            route.effective and not route.weights[backend] for route in self.routes.values()
        )

    @property
    def exists(self) -> bool:
        """Return whether there is a route, or a Service behind one."""
        return bool(self.routes) or any(view.selected for view in self.backends.values())

    def traffic(self, service: Traffic) -> Traffic:
        """Return where the routes lead; `service` is where the unit's own Service leads, which
        clients reach while there is no route."""
        is_whole = not self.unseen and not self.rivals and {*self.kinds} <= self.routes.keys()
        effective = is_whole and all(route.effective for route in self.routes.values())
        live = [route for route in self.routes.values() if not route.leads_nowhere]
        if not live:
            return replace(
                service,
                effective=effective,
                trouble=self.trouble,
                unreported=self.unreported,
            )
        weights: dict[str, int] = {}
        for backend, view in self.backends.items():
            share = max(route.weights[backend] for route in live)
            if view.selected is not None and share:
                weights[view.selected] = min(100, weights.get(view.selected, 0) + share)
        stable = self.backends.get(Backend.STABLE, BackendView()).selected
        return Traffic(weights, Split.ROUTE, effective, self.trouble, self.unreported, stable)

    @property
    def unreported(self) -> str:
        """What a Gateway has not reported about a route yet; empty if all have."""
        return next((route.unreported for route in self.routes.values() if route.unreported), "")

    @property
    def trouble(self) -> str:
        """Why the routes are not taken over; empty if no Gateway and no other unit objects."""
        if self.unseen:
            return f"the operator cannot list {' and '.join(self.unseen)}"
        if self.rivals:
            return "; ".join(
                f"hostname {name} belongs to {unit.kind} {unit.name}"
                for name, unit in sorted(self.rivals.items())
            )
        return next((route.trouble for route in self.routes.values() if route.trouble), "")


@dataclass(frozen=True, slots=True)
class Routing:
    """What the Services shall select, and the weights that the routes shall have, in this pass."""

    service: Revision
    """The revision that the unit's own Service shall select."""

    backends: Mapping[Backend, Revision]
    """The revision that each of the two Services shall select."""

    canary_weights: Mapping[str, int]
    """Share of NAME-canary in percent, by the kind of route; NAME-stable gets the rest."""


def section_of(spec: object) -> Mapping[str, Any] | None:
    """Return `rollout.canary.gateway` of a spec as it is written; None without one."""
    section = spec
    for name in ("rollout", "canary", "gateway"):
        section = section.get(name) if isinstance(section, Mapping) else None
    return section if isinstance(section, Mapping) else None


def read_gateway(section: Mapping[str, Any]) -> Gateway | None:
    """Return the section as a value; None if it cannot be read."""
    try:
        return Gateway.model_validate(section)
    except ValidationError:
        return None
