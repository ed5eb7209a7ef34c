"""The registry's part of the operator: how it ends."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from inference_operator.adapters.mlflow.client import Mlflow
from inference_operator.adapters.mlflow.model_registry import ModelRegistry
from inference_operator.adapters.mlflow.version_tags import VersionTags
from inference_operator.domain.api_resource import ApiResource
from inference_operator.observation.store import Store
from inference_operator.runtime.registry_watch import RegistryWatch
from inference_operator.settings import Settings

NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)


class NoSecrets:
    """A cluster that nobody asks."""

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Mapping[str, Any]:
        raise AssertionError("no Secret is named")


async def test_the_session_is_closed_after_all_that_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[str] = []

    async def asking(_: ModelRegistry) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ends.append("asking")

    async def tagging(_: VersionTags, interval: float) -> None:
        await asyncio.sleep(0)
        raise RuntimeError("nobody foresaw this")

    async def close(_: Mlflow) -> None:
        ends.append("session")

    monkeypatch.setattr(ModelRegistry, "run", asking)
    monkeypatch.setattr(VersionTags, "run", tagging)
    monkeypatch.setattr(Mlflow, "close", close)
    settings = Settings.model_construct(
        mlflow_tracking_uri="http://mlflow.fake:5000", registry_write_tags=True
    )
    watch = RegistryWatch(settings, NoSecrets(), Store(), lambda _: None, lambda: NOON)
    leading = asyncio.Event()
    leading.set()
    with pytest.raises(ExceptionGroup):
        await watch.run(leading)
    assert ends == ["asking", "session"]
