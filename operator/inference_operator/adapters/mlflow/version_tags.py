"""Best-effort writer of tags, which mark in the registry what serves and what was aborted."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from inference_operator.adapters.mlflow.client import Mlflow, RegistryError
from inference_operator.adapters.mlflow.model_registry import ModelRegistry
from inference_operator.adapters.mlflow.registry_secrets import Secrets
from inference_operator.api.base import GROUP
from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import one_line
from inference_operator.api.reasons import Reason
from inference_operator.api.rollout_status import AbortStatus
from inference_operator.api.status import EnsemblePipelineStatus, UnitStatus, read_status
from inference_operator.domain.body import Body
from inference_operator.domain.names import UnitKey, revision_child_name
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.resolution import RegistryUri
from inference_operator.observation.ownership import is_owned_by
from inference_operator.observation.records import record_of
from inference_operator.observation.store import Store

log = logging.getLogger(__name__)

SERVING, ABORTED = "serving", "aborted"

Versions = Mapping[RegistryUri, list[str]]
"""Registered versions, each with its steps of a pipeline."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """What the registry is told of a promotion or an abort: a value for each version."""

    state: str
    time: datetime
    values: Mapping[RegistryUri, str]


class VersionTags:
    """Writer of one tag for each version that was promoted or aborted after `since`."""

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
        self._written: dict[tuple[UnitKey, str], datetime] = {}

    async def run(self, interval: float) -> None:
        """Write the due tags once an interval, until cancelled."""
        while True:
            await asyncio.sleep(interval)
            try:
                await self.write()
            except Exception:
                log.exception("no tags of versions in this round")

    async def write(self) -> None:
        """Write the tags that are due. A refused tag is not tried again, since the status is what
        counts; a tag that did not reach the registry is."""
        for unit, mark in list(self._due()):
            delivered = [
                await self._was_delivered(unit, mark.state, version, value)
                for version, value in mark.values.items()
            ]
            if all(delivered):
                self._written[unit, mark.state] = mark.time

    async def _was_delivered(
        self, unit: UnitKey, state: str, version: RegistryUri, value: str
    ) -> bool:
        try:
            await self._write(unit, state, version, value)
        except RegistryError as error:
            log.warning("no tag for %s: %s", unit, error, extra={"reason": error.reason})
            return error.reason is not Reason.REGISTRY_UNREACHABLE
        except Exception:
            log.exception("no tag for %s", unit)
        return True

    async def _write(self, unit: UnitKey, state: str, version: RegistryUri, value: str) -> None:
        secret = self._registry.secret_of(unit, version.subject)
        if secret is None:
            return
        access = await self._secrets.access(secret)
        name, number = version.name, version.version
        await self._mlflow.set_version_tag(name, number, (_key(state, unit), value), access)
        if state == SERVING:
            # It may have been aborted before, and was started again.
            await self._mlflow.delete_version_tag(name, number, _key(ABORTED, unit), access)

    def _due(self) -> Iterator[tuple[UnitKey, _Mark]]:
        for unit in self._store.units():
            body = self._store.get(unit.kind, (unit.namespace, unit.name))
            if body is None:
                continue
            for mark in self._marks(unit, body):
                yield unit, mark

    def _marks(self, unit: UnitKey, body: Body) -> Iterator[_Mark]:
        status = read_status(body)
        rollout = status.rollout if status.stable else None
        promoted = rollout.promoted_at if rollout else None
        if promoted is not None and self._is_new(unit, SERVING, promoted):
            versions = _versions_served(status)
            values = {v: serving_value(status, promoted, steps) for v, steps in versions.items()}
            yield _Mark(SERVING, promoted, values)
        aborted = rollout.aborted if rollout else None
        if aborted is not None and self._is_new(unit, ABORTED, aborted.time):
            changed = self._versions_aborted(unit, body, status, aborted)
            values = {v: _aborted_value(aborted, steps) for v, steps in changed.items()}
            yield _Mark(ABORTED, aborted.time, values)

    def _is_new(self, unit: UnitKey, state: str, time: datetime) -> bool:
        return time > self._written.get((unit, state), self._since)

    def _versions_aborted(
        self, unit: UnitKey, body: Body, status: UnitStatus, aborted: AbortStatus
    ) -> Versions:
        """Return the versions of the aborted revision that the stable one does not serve: the
        others were not the cause."""
        stable = self._recorded(unit, body, status.stable.revision if status.stable else "")
        recorded = self._recorded(unit, body, aborted.revision)
        return {version: steps for version, steps in recorded.items() if version not in stable}

    def _recorded(self, unit: UnitKey, body: Body, revision: str) -> Versions:
        """Return the versions of a revision; none without a record that is accepted."""
        name = revision_child_name(unit.name, revision)
        kept = self._store.get("ControllerRevision", (unit.namespace, name))
        if kept is None or not is_owned_by(kept, body["metadata"]["uid"]):
            return {}
        record = record_of(self._store, kept, unit)
        if not isinstance(record, RevisionRecord):
            return {}
        inline = [(step.uri, step.name) for step in record.steps if step.pin is None]
        return _by_version(inline if record.steps else [(record.uri, "")])


def _key(state: str, unit: UnitKey) -> str:
    return f"{GROUP}/{state}.{unit.namespace}.{unit.name}"


def _versions_served(status: UnitStatus) -> Versions:
    """Return the registered versions that serve. A referenced model is tagged by its own
    resource."""
    steps = status.steps if isinstance(status, EnsemblePipelineStatus) else ()
    inline = [(step.source, step.name) for step in steps if step.model_ref is None]
    return _by_version([(status.model.uri if status.model else None, ""), *inline])


def _by_version(sources: Iterable[tuple[str | None, str]]) -> Versions:
    """Return the registered versions among sources, each of which has the name of its step, or an
    empty one for a model."""
    steps_of: dict[RegistryUri, list[str]] = defaultdict(list)
    for uri, step in sources:
        parsed = RegistryUri.of(uri or "")
        if parsed is not None and parsed.version:
            steps_of[parsed] += [step] if step else []
    return steps_of


def serving_value(status: UnitStatus, promoted: datetime, steps: list[str]) -> str:
    """Return the value of a promotion's tag."""
    revision = status.stable.revision if status.stable else ""
    # The value is untrusted: clients may have edited the status.
    return one_line(f"revision {revision} since {format_time(promoted)}{_as_steps(steps)}")


def _aborted_value(aborted: AbortStatus, steps: list[str]) -> str:
    time = format_time(aborted.time)
    return one_line(f"revision {aborted.revision} at {time}: {aborted.reason}{_as_steps(steps)}")


def _as_steps(steps: list[str]) -> str:
    return f", as {', '.join(steps)}" if steps else ""
