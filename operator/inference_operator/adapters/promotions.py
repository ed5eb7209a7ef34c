"""Writes into the registry which versions serve: a tag for each promotion, as well as it goes."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from inference_operator.adapters.cache import Cache
from inference_operator.adapters.mlflow import Mlflow, RegistryError
from inference_operator.adapters.model_registry import ModelRegistry
from inference_operator.adapters.registry_secrets import Secrets
from inference_operator.api.base import GROUP
from inference_operator.api.conditions import format_time
from inference_operator.api.reasons import Reason
from inference_operator.api.status import UnitStatus, read_status
from inference_operator.domain.names import UnitKey
from inference_operator.domain.resolution import Reference

log = logging.getLogger(__name__)


class Promotions:
    """Tags the versions that clients were moved to since `since`, once each."""

    def __init__(
        self,
        mlflow: Mlflow,
        secrets: Secrets,
        registry: ModelRegistry,
        cache: Cache,
        since: datetime,
    ) -> None:
        self._mlflow = mlflow
        self._secrets = secrets
        self._registry = registry
        self._cache = cache
        # Statuses have whole seconds.
        self._since = since.replace(microsecond=0) - timedelta(seconds=1)
        self._written: dict[UnitKey, datetime] = {}

    async def run(self, interval: float) -> None:
        """For ever; statuses say what was promoted."""
        while True:
            await asyncio.sleep(interval)
            try:
                await self.write()
            except Exception:
                log.exception("no tags of promotions in this round")

    async def write(self) -> None:
        """The tags that are due. One that is refused is not tried again, since the status is what
        counts; one of which a registry that is away heard nothing is."""
        for unit, status, promoted in list(self._due()):
            try:
                await self._write(unit, status, promoted)
            except RegistryError as error:
                log.warning("no tag for %s: %s", unit, error, extra={"reason": error.reason})
                if error.reason is Reason.REGISTRY_UNREACHABLE:
                    continue
            except Exception:
                log.exception("no tag for %s", unit)
            self._written[unit] = promoted

    async def _write(self, unit: UnitKey, status: UnitStatus, promoted: datetime) -> None:
        place = self._registry.place_of(unit)
        model = Reference.of(status.model.uri or "") if status.model else None
        if place is None or model is None or not model.version or status.stable is None:
            return
        tag = (
            f"{GROUP}/serving.{unit.namespace}.{unit.name}",
            f"revision {status.stable.revision} since {format_time(promoted)}",
        )
        access = await self._secrets.access(place)
        await self._mlflow.set_version_tag(model.name, model.version, tag, access)

    def _due(self) -> Iterator[tuple[UnitKey, UnitStatus, datetime]]:
        for unit in self._cache.units():
            body = self._cache.get(unit.kind, (unit.namespace, unit.name))
            if body is None:
                continue
            status = read_status(body)
            promoted = status.rollout.promoted_at if status.rollout else None
            if promoted is not None and promoted > self._written.get(unit, self._since):
                yield unit, status, promoted
