"""The state of each route: its model answers, and its tensors fit."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

from serving.client.errors import TritonError
from serving.client.interface import PredictionClient
from serving.gateway.contract import mismatches
from serving.gateway.switch import Switch
from serving.records import CallOptions, ModelMetadata
from serving.settings.triton import RouteSettings, RoutesSettings

CHECK_SECONDS = 2.0
_KEPT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class RouteState:
    """A route's model as it answered last; `problems` is empty if the route can be used."""

    model: str
    metadata: ModelMetadata | None
    problems: tuple[str, ...]
    switched_off: str | None = None

    @property
    def in_a_word(self) -> str:
        if self.switched_off:
            return "switched_off"
        return "not_ready" if self.problems else "ready"


class Readiness:
    """Checks of all routes at once, asked again after 5 s at the earliest."""

    def __init__(
        self,
        routes: RoutesSettings,
        client: PredictionClient,
        switch: Switch,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._routes = routes_of(routes)
        self._client, self._switch, self._clock = client, switch, clock
        self._lock = asyncio.Lock()
        self._checked = -_KEPT_SECONDS
        self.last: Mapping[str, RouteState] = {}

    async def states(self) -> Mapping[str, RouteState]:
        """Return the state of each route by its name."""
        async with self._lock:
            if not self.last or self._clock() - self._checked >= _KEPT_SECONDS:
                checks = [self._check(name, route) for name, route in self._routes.items()]
                states = await asyncio.gather(*checks)
                self.last = dict(zip(self._routes, states, strict=True))
                self._checked = self._clock()
            return self.last

    async def _check(self, name: str, route: RouteSettings) -> RouteState:
        options = CallOptions(timeout=CHECK_SECONDS)
        reason = self._switch.reason(route.model)
        try:
            async with asyncio.timeout(CHECK_SECONDS + 0.5):
                metadata = await self._client.get_model_metadata(route.model, options)
        except TritonError as error:
            return RouteState(route.model, None, (f"route {name}: {error}",), reason)
        except TimeoutError:
            late = f"route {name}: model {route.model} did not answer within {CHECK_SECONDS:g} s"
            return RouteState(route.model, None, (f"{late}; look at its server",), reason)
        problems = tuple(mismatches(name, route, metadata))
        return RouteState(route.model, metadata, problems, reason)


def routes_of(routes: RoutesSettings) -> dict[str, RouteSettings]:
    """Return the offered routes by name; more models are `others.NAME`."""
    three = {"price": routes.price, "sentiment": routes.sentiment, "ensemble": routes.ensemble}
    offered: dict[str, RouteSettings] = {k: v for k, v in three.items() if v is not None}
    return offered | {f"others.{name}": route for name, route in routes.others.items()}
