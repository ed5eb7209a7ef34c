"""A watcher over an empty cache, and a record of its calls."""

from typing import Any

from inference_operator.adapters.kubernetes.client import Resource
from inference_operator.domain.names import UnitKey
from inference_operator.observation.kinds import CHILD_BY_KIND, UNIT_BY_KIND
from inference_operator.observation.store import Cache
from inference_operator.reconcile.event_router import Watcher

POD = CHILD_BY_KIND["Pod"]


class Heard:
    """A watcher, and what it told."""

    def __init__(self) -> None:
        self.cache = Cache(self._wake)
        self.woken: list[UnitKey] = []
        self.relisted: list[Resource] = []
        self.urgent: list[UnitKey] = []
        self.watcher = Watcher(self.cache, self._wake, self.relisted.append)

    def event(self, resource: Resource, change: str, body: dict[str, Any]) -> None:
        self.watcher.changed(resource, change, body)

    def written(self, change: str | None, body: dict[str, Any]) -> None:
        self.watcher.written(UNIT_BY_KIND[body["kind"]], change, body)

    def _wake(self, key: UnitKey, *, urgent: bool = False) -> None:
        (self.urgent if urgent else self.woken).append(key)
