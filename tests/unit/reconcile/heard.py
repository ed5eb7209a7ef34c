"""A watcher over an empty cache, and a record of its calls."""

from typing import Any

from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.names import UnitKey
from inference_operator.observation.kinds import CHILD_BY_KIND, UNIT_BY_KIND
from inference_operator.observation.store import Store
from inference_operator.reconcile.event_router import EventRouter

POD = CHILD_BY_KIND["Pod"]


class Heard:
    """A watcher, and what it told."""

    def __init__(self) -> None:
        self.store = Store(self._wake)
        self.woken: list[UnitKey] = []
        self.relisted: list[ApiResource] = []
        self.urgent: list[UnitKey] = []
        self.router = EventRouter(self.store, self._wake, self.relisted.append)

    def event(self, resource: ApiResource, change: str, body: dict[str, Any]) -> None:
        self.router.on_event(resource, change, body)

    def on_custom_resource(self, change: str | None, body: dict[str, Any]) -> None:
        self.router.on_custom_resource(UNIT_BY_KIND[body["kind"]], change, body)

    def _wake(self, key: UnitKey, *, urgent: bool = False) -> None:
        (self.urgent if urgent else self.woken).append(key)
