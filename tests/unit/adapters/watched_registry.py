"""A watch of a fake registry, for tests: what it is asked, what units are told, whom it wakes."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.mlflow.model_registry import ModelRegistry
from inference_operator.adapters.mlflow.registry_secrets import Secrets
from inference_operator.adapters.polling.poll_schedule import PollSchedule
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.names import UnitKey
from inference_operator.domain.resolution import Resolution, Resolved, SourceKey, Unresolved
from tests.fakes.harness import NOON
from tests.fakes.registry_ground import FILES, FakeGround, mlmodel

INTERVAL = 30.0
ALIASES = "registered-models/get"


FX = UnitKey("InferenceModel", "desk-7", "fx-drift")


def unit(name: str, namespace: str = "desk-7") -> UnitKey:
    return UnitKey("InferenceModel", namespace, name)


def spec(uri: str = "models:/fx@champion", secret: str | None = None) -> dict[str, Any]:
    source: dict[str, Any] = {"uri": uri, **({"secretRef": {"name": secret}} if secret else {})}
    return {"model": {"source": source}}


def only(resolutions: Mapping[SourceKey, Resolution]) -> Resolution | None:
    assert len(resolutions) <= 1
    return next(iter(resolutions.values()), None)


class _NotedSchedule(PollSchedule):
    """A pace that notes when the watch has ended a round and rests."""

    def __init__(self, resting: asyncio.Event, now: Callable[[], float]) -> None:
        super().__init__(INTERVAL, now, lambda: 0.5)
        self._resting = resting

    async def wait_until_due(self, news: asyncio.Event, subjects: Iterable[str]) -> None:
        self._resting.set()
        await super().wait_until_due(news, subjects)


class Watch:
    """A watch over a fake MLflow in which fx has versions 1 and 2, and champion is 1."""

    def __init__(self) -> None:
        self.ground = FakeGround()
        self.mlflow = self.ground.fake
        self.seconds = 0.0
        self.woken: list[UnitKey] = []
        self.answered = asyncio.Event()
        self.reading = asyncio.Event()
        self.resting = asyncio.Event()
        self.secrets: dict[tuple[str, str], dict[str, str]] = {}
        self.surprising: set[object] = set()
        """Units and namespaces at which a wake or a Secret fails as nobody foresaw."""
        self.registry = ModelRegistry(
            self.mlflow,
            Secrets(self, lambda: self.seconds),
            _NotedSchedule(self.resting, lambda: self.seconds),
            self._wake,
            self._clock,
        )
        for _ in range(2):
            self.ground.version("fx", {}, {"MLmodel": mlmodel(), **FILES})
        self.ground.alias("fx", "champion", 1)

    def _wake(self, of: UnitKey) -> None:
        self._surprise(of)
        self.woken.append(of)
        self.answered.set()

    def _surprise(self, at: object) -> None:
        if at in self.surprising:
            raise RuntimeError("nobody foresaw this")

    def _clock(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Mapping[str, Any]:
        self._surprise(namespace)
        self.reading.set()
        if (namespace, name) not in self.secrets:
            raise ApiError(404, "NotFound", "gone")
        return {"data": self.secrets[namespace, name]}

    async def asks(self, *, after: float = 0.0) -> list[str]:
        """One round after so many seconds; the requests that it took."""
        self.seconds += after
        self.mlflow.requests.clear()
        await self.registry.ask_due()
        return list(self.mlflow.requests)

    def answer(self, of: UnitKey, **source: Any) -> Resolution | None:
        """The answer about the only source of a model."""
        return only(self.registry.resolutions(of, spec(**source)))

    def says(self, of: UnitKey, **source: Any) -> str:
        """The version that a unit is told, or the reason for none."""
        answer = self.answer(of, **source)
        if answer is None:
            return "nothing yet"
        return answer.uri if isinstance(answer, Resolved) else answer.reason.value

    def why(self, of: UnitKey, **source: Any) -> Unresolved:
        answer = self.answer(of, **source)
        assert isinstance(answer, Unresolved)
        return answer
