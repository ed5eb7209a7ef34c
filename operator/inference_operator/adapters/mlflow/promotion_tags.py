"""Best-effort writer of promotion tags: marks in the registry which versions serve."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from inference_operator.adapters.mlflow.client import Mlflow, RegistryError
from inference_operator.adapters.mlflow.model_registry import ModelRegistry
from inference_operator.adapters.mlflow.registry_secrets import Secrets
from inference_operator.api.base import GROUP
from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import one_line
from inference_operator.api.reasons import Reason
from inference_operator.api.status import EnsemblePipelineStatus, UnitStatus, read_status
from inference_operator.domain.names import UnitKey
from inference_operator.domain.resolution import RegistryUri
from inference_operator.observation.store import Store

log = logging.getLogger(__name__)


class PromotionTags:
    """Writer of one tag for each version that was promoted after `since`."""

    def __init__(
        self,
        mlflow: Mlflow,
        secrets: Secrets,
        registry: ModelRegistry,
        store: Store,
        since: datetime,
    ) -> None:
        self._mlflow = mlflow
        self._secrets = secrets
        self._registry = registry
        self._store = store
        # Statuses have whole seconds.
        self._since = since.replace(microsecond=0) - timedelta(seconds=1)
        self._written: dict[UnitKey, datetime] = {}

    async def run(self, interval: float) -> None:
        """Write the due tags once an interval, until cancelled."""
        while True:
            await asyncio.sleep(interval)
            try:
                await self.write()
            except Exception:
                log.exception("no tags of promotions in this round")

    async def write(self) -> None:
        """Write the tags that are due. A refused tag is not tried again, since the status is what
        counts; a tag that did not reach the registry is."""
        for unit, status, promoted in list(self._due()):
            delivered = [
                await self._was_delivered(unit, version, _value(status, promoted, steps))
                for version, steps in _versions(status).items()
            ]
            if all(delivered):
                self._written[unit] = promoted

    async def _was_delivered(self, unit: UnitKey, version: RegistryUri, value: str) -> bool:
        try:
            await self._write(unit, version, value)
        except RegistryError as error:
            log.warning("no tag for %s: %s", unit, error, extra={"reason": error.reason})
            return error.reason is not Reason.REGISTRY_UNREACHABLE
        except Exception:
            log.exception("no tag for %s", unit)
        return True

    async def _write(self, unit: UnitKey, version: RegistryUri, value: str) -> None:
        secret = self._registry.secret_of(unit, version.subject)
        if secret is None:
            return
        tag = f"{GROUP}/serving.{unit.namespace}.{unit.name}", value
        access = await self._secrets.access(secret)
        await self._mlflow.set_version_tag(version.name, version.version, tag, access)

    def _due(self) -> Iterator[tuple[UnitKey, UnitStatus, datetime]]:
        for unit in self._store.units():
            body = self._store.get(unit.kind, (unit.namespace, unit.name))
            if body is None:
                continue
            status = read_status(body)
            promoted = status.rollout.promoted_at if status.rollout and status.stable else None
            if promoted is not None and promoted > self._written.get(unit, self._since):
                yield unit, status, promoted


def _versions(status: UnitStatus) -> Mapping[RegistryUri, list[str]]:
    """Return the registered versions that serve, each with its steps of a pipeline.

    A referenced model is tagged by its own resource.
    """
    steps_of: dict[RegistryUri, list[str]] = defaultdict(list)
    if (version := _version(status.model.uri if status.model else None)) is not None:
        steps_of[version] = []
    for step in status.steps if isinstance(status, EnsemblePipelineStatus) else ():
        if step.model_ref is None and (version := _version(step.source)) is not None:
            steps_of[version].append(step.name)
    return steps_of


def _version(uri: str | None) -> RegistryUri | None:
    parsed = RegistryUri.of(uri or "")
    return parsed if parsed is not None and parsed.version else None


def _value(status: UnitStatus, promoted: datetime, steps: list[str]) -> str:
    revision = status.stable.revision if status.stable else ""
    of_steps = f", as {', '.join(steps)}" if steps else ""
    # The value is untrusted: clients may have edited the status.
    return one_line(f"revision {revision} since {format_time(promoted)}{of_steps}")
