"""Composition of the model registry's poller and tag writer from the settings."""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import datetime

from inference_operator.adapters.mlflow.client import Mlflow
from inference_operator.adapters.mlflow.model_registry import ModelRegistry, no_registry
from inference_operator.adapters.mlflow.registry_secrets import SecretReader, Secrets
from inference_operator.adapters.mlflow.version_tags import VersionTags
from inference_operator.adapters.polling.poll_schedule import PollSchedule
from inference_operator.domain.names import UnitKey
from inference_operator.observation.observe import Refresh, Resolve
from inference_operator.observation.store import Store
from inference_operator.settings import Settings

# MLflow reads a file from its store before it answers.
TIMEOUT_SECONDS = 20.0


def _ignored(unit: UnitKey, command: str) -> None:
    """Do nothing: there is no registry to ask."""


class RegistryWatch:
    """The model registry: passes call `resolve`; `run` keeps its answers up to date."""

    def __init__(
        self,
        settings: Settings,
        cluster: SecretReader,
        store: Store,
        wake: Callable[[UnitKey], None],
        clock: Callable[[], datetime],
    ) -> None:
        self.resolve: Resolve = no_registry
        self.refresh: Refresh = _ignored
        self._settings = settings
        self._store = store
        self._clock = clock
        self._mlflow: Mlflow | None = None
        if settings.mlflow_tracking_uri:
            self._mlflow = Mlflow(settings.mlflow_tracking_uri, TIMEOUT_SECONDS)
            self._secrets = Secrets(cluster, time.monotonic)
            interval = settings.registry_interval_seconds
            schedule = PollSchedule(interval, time.monotonic, random.random)
            self._registry = ModelRegistry(self._mlflow, self._secrets, schedule, wake, clock)
            self.resolve = self._registry.resolutions
            self.refresh = self._registry.refresh

    async def run(self, leading: asyncio.Event) -> None:
        """Poll once this process leads, until cancelled."""
        if self._mlflow is None:
            return
        await leading.wait()
        registry, interval = self._registry, self._settings.registry_interval_seconds
        # The clock of the passes: the tag's writer compares it with times in statuses.
        since = self._clock()
        tags = VersionTags(self._mlflow, self._secrets, registry, self._store, since)
        try:
            # The group ends after all its tasks, so no task is left with a closed session.
            async with asyncio.TaskGroup() as group:
                group.create_task(registry.run())
                if self._settings.registry_write_tags:
                    group.create_task(tags.run(interval))
        finally:
            await self._mlflow.close()
