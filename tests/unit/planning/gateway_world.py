"""A small world of Services, routes and a gateway, which take over each write later."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from inference_operator.api.gateway import Gateway
from inference_operator.domain.gateway import (
    GRPC_ROUTE,
    HTTP_ROUTE,
    BackendView,
    GatewayView,
    RouteView,
    Routing,
)
from inference_operator.domain.names import Backend
from inference_operator.domain.tracks import Role, Track, Tracks
from inference_operator.planning.traffic.order import next_routing

GATEWAY = Gateway.model_validate(
    {
        "parentRefs": [{"name": "public"}],
        "http": {"hostnames": ["fx.example.com"]},
        "grpc": {"hostnames": ["fx-grpc.example.com"]},
    }
)
KINDS = (HTTP_ROUTE, GRPC_ROUTE)
Write = tuple[str, str | int]


def tracks(stable: str, canary: str = "", weight: int = 0) -> Tracks:
    """Return a stable revision and a canary with its weight; a first revision is a canary."""
    if not stable:
        return Tracks((Track(canary, Role.CANARY, 100),))
    items = [Track(stable, Role.STABLE, 100 - weight)]
    return Tracks((*items, Track(canary, Role.CANARY, weight)) if canary else tuple(items))


@dataclass
class World:
    """The objects as they are written, and as the gateway has taken them over."""

    ready: set[str] = field(default_factory=set)
    """Revisions with ready pods."""

    services: dict[Backend, str] = field(default_factory=dict)
    endpoints: dict[Backend, frozenset[str]] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    """Share of NAME-canary, by the kind of route, as it is written."""

    programmed: dict[str, int] = field(default_factory=dict)
    """The same, as the gateway has it."""

    @property
    def view(self) -> GatewayView:
        return GatewayView(
            spec=GATEWAY,
            backends={
                backend: BackendView(
                    self.services.get(backend), self.endpoints.get(backend, frozenset())
                )
                for backend in Backend
            },
            routes={
                kind: RouteView(
                    {Backend.STABLE: 100 - share, Backend.CANARY: share},
                    effective=self.programmed.get(kind) == share,
                )
                for kind, share in self.weights.items()
            },
        )

    def step(self, goal: Tracks) -> list[Write]:
        """Return the writes of a pass, in an order in which they may be sent."""
        answering = dict.fromkeys(self.ready, 1)
        routing = next_routing(goal, self.view, answering)
        return writes(self, routing) if routing else []

    def write(self, write: Write) -> None:
        place, value = write
        if place in KINDS:
            self.weights[place] = int(value)
        else:
            self.services[Backend(place)] = str(value)

    def copy(self) -> "World":
        return replace(
            self,
            ready=set(self.ready),
            services=dict(self.services),
            endpoints=dict(self.endpoints),
            weights=dict(self.weights),
            programmed=dict(self.programmed),
        )

    def update_endpoints(self, backend: Backend) -> None:
        """Let the EndpointSlice of a Service follow its selector."""
        selected = self.services.get(backend)
        self.endpoints[backend] = frozenset({selected} & self.ready if selected else ())

    def program(self, kind: str) -> None:
        """Let the gateway take over a route."""
        self.programmed[kind] = self.weights[kind]

    def catch_up(self) -> None:
        """Let all that is written become effective."""
        for backend in Backend:
            self.update_endpoints(backend)
        for kind in self.weights:
            self.program(kind)

    @property
    def reached(self) -> Mapping[tuple[str, Backend], int]:
        """Return the shares that clients may get: as the gateway has the routes, and as it may have
        them at any moment."""
        shares: dict[tuple[str, Backend], int] = {}
        for kind in self.weights:
            of_canary = {self.weights[kind], self.programmed.get(kind, self.weights[kind])}
            shares[kind, Backend.CANARY] = max(of_canary)
            shares[kind, Backend.STABLE] = 100 - min(of_canary)
        return shares

    def leads_to_dead_pods(self) -> list[tuple[str, Backend]]:
        """Return where clients may be sent to a Service without a ready pod of one revision."""
        return [
            (kind, backend)
            for (kind, backend), share in self.reached.items()
            if share and not self.is_served(backend)
        ]

    def is_served(self, backend: Backend) -> bool:
        return bool(self.endpoints.get(backend)) and self.endpoints[backend] <= self.ready


def writes(world: World, routing: Routing) -> list[Write]:
    """Return the writes that reach the routing: Services before routes."""
    services: list[Write] = [
        (backend, revision)
        for backend, revision in routing.backends.items()
        if world.services.get(backend) != revision
    ]
    routes: list[Write] = [
        (kind, share)
        for kind, share in routing.canary_weights.items()
        if world.weights.get(kind) != share
    ]
    return services + routes
