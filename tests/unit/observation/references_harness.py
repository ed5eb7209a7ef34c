"""A pipeline that refers to a model, and a status that this model may show."""

from typing import Any

from inference_operator.domain.names import UnitKey
from inference_operator.observation.store import Store
from tests.fakes.bodies import epipe, stored


class ReferencesHarness:
    """A cache with a pipeline that refers to a model, and who was woken since."""

    def __init__(self, **pipeline: Any) -> None:
        self.woken: list[UnitKey] = []
        self.store = Store(self.woken.append)
        self._version = 0
        self.put(epipe(**pipeline))
        self.woken.clear()

    def put(self, body: dict[str, Any], **meta: Any) -> None:
        self.store.put(body["kind"], self._next(body, **meta))

    def drop(self, body: dict[str, Any], **meta: Any) -> None:
        self.store.drop(body["kind"], self._next(body, **meta))

    def _next(self, body: dict[str, Any], **meta: Any) -> dict[str, Any]:
        self._version += 1
        identity = {"uid": body["kind"], "resourceVersion": str(self._version), **meta}
        return stored(body, **identity)


def ready(status: str, reason: str = "Because", **more: Any) -> dict[str, Any]:
    return {"type": "Ready", "status": status, "reason": reason, **more}


SERVING: dict[str, Any] = {
    "stable": {"revision": "aaa", "version": "1", "ready": 2},
    "model": {"version": "1", "uri": "https://store.example/1"},
    "conditions": [ready("True")],
}
