"""Carries a plan out: stage by stage, every answer put into the cache at once."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inference_operator.adapters.cache import Cache
from inference_operator.adapters.kinds import CHILD_BY_KIND
from inference_operator.adapters.kube import ApiError, Body, Cluster
from inference_operator.domain.names import REVISION_LABEL, ChildKey, UnitKey
from inference_operator.planning.drift import drift, foreign_keys
from inference_operator.planning.plan import Action, Apply, Create, Delete, Plan

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome:
    """What became of a plan."""

    written: int = 0
    refused: list[str] = field(default_factory=list)
    """Sentences about children that need a person."""

    passing: list[str] = field(default_factory=list)
    """Sentences about failures that may go away by themselves."""


class Executor:
    """Writes children. One refused child does not keep the others from being written."""

    def __init__(self, cluster: Cluster, cache: Cache) -> None:
        self._cluster = cluster
        self._cache = cache
        # Children that the API server (an admission webhook, say) keeps different from what was
        # applied: applying again before they change would go on for ever.
        self._settled: dict[tuple[UnitKey, ChildKey], tuple[str, str]] = {}

    async def execute(self, plan: Plan) -> Outcome:
        """All stages in order; a workload whose record or ConfigMap failed is left out."""
        outcome = Outcome()
        failed: set[str] = set()
        for stage in plan.stages:
            ready = [action for action in stage if not _waits(action, failed)]
            results = await asyncio.gather(*(self._do(plan.key, action) for action in ready))
            for action, error in zip(ready, results, strict=True):
                _record(outcome, action, error)
                if error is not None and not isinstance(action, Delete):
                    failed.add(_revision(action.manifest))
        return outcome

    def forget(self, key: UnitKey) -> None:
        """The unit is gone."""
        self._settled = {k: v for k, v in self._settled.items() if k[0] != key}

    async def _do(self, unit: UnitKey, action: Action) -> ApiError | None:
        try:
            if isinstance(action, Delete):
                await self._delete(unit, action)
            elif isinstance(action, Create):
                await self._create(action)
            else:
                await self._apply(unit, action)
        except ApiError as error:
            return error
        return None

    async def _create(self, action: Create) -> None:
        resource = CHILD_BY_KIND[action.key.kind]
        try:
            live = await self._cluster.create(resource, action.manifest)
        except ApiError as error:
            if not error.is_there_already:
                raise
            # It was orphaned, or left by an owner of the same name: ours if it is equal.
            live = await self._cluster.apply(resource, action.manifest, force=False)
        self._cache.put(action.key.kind, live)

    async def _apply(self, unit: UnitKey, action: Apply) -> None:
        key = action.key
        resource = CHILD_BY_KIND[key.kind]
        known = self._cache.get(key.kind, (unit.namespace, key.name))
        if known is not None and self._is_settled(unit, action, known):
            return
        if known is not None and (extra := foreign_keys(known, action.manifest)):
            await self._cluster.patch(resource, _removal(action.manifest, extra))
        live = await self._cluster.apply(resource, action.manifest, force=action.owned)
        self._cache.put(key.kind, live)
        where = drift(live, action.manifest)
        if where is None:
            self._settled.pop((unit, key), None)
        else:
            log.warning("%s of %s does not keep %s as applied", key, unit, where)
            self._settled[unit, key] = (_version(live), where)

    def _is_settled(self, unit: UnitKey, action: Apply, known: Body) -> bool:
        found = self._settled.get((unit, action.key))
        return found == (_version(known), drift(known, action.manifest))

    async def _delete(self, unit: UnitKey, action: Delete) -> None:
        key = action.key
        resource = CHILD_BY_KIND[key.kind]
        await self._cluster.delete(resource, unit.namespace, key.name, action.uid)
        meta = {"namespace": unit.namespace, "name": key.name, "uid": action.uid}
        self._cache.drop(key.kind, {"metadata": meta})


def _waits(action: Action, failed: set[str]) -> bool:
    is_workload = not isinstance(action, Delete) and action.key.kind == "Deployment"
    return is_workload and _revision(action.manifest) in failed  # type: ignore[union-attr]


def _record(outcome: Outcome, action: Action, error: ApiError | None) -> None:
    if error is None:
        outcome.written += 1
    elif error.is_passing and not _is_conflict(error):
        outcome.passing.append(f"{action.key}: {error.message}")
    elif _is_conflict(error):
        outcome.refused.append(
            f"{action.key} exists and is managed by somebody else ({error.message}); delete or"
            " rename it, or rename this resource"
        )
    else:
        outcome.refused.append(f"{action.key} is refused: {error.message}")


def _is_conflict(error: ApiError) -> bool:
    # An apply without force over fields of another manager; other conflicts pass by themselves.
    return error.status == 409 and "conflict" in error.message and "with" in error.message


def _revision(manifest: Mapping[str, Any]) -> str:
    found = manifest["metadata"]["labels"].get(REVISION_LABEL, "")
    return str(found)


def _version(body: Mapping[str, Any]) -> str:
    return str(body["metadata"].get("resourceVersion"))


def _removal(manifest: Mapping[str, Any], extra: dict[tuple[str, ...], list[str]]) -> Body:
    meta = manifest["metadata"]
    body: Body = {"metadata": {"name": meta["name"], "namespace": meta["namespace"]}}
    for path, keys in extra.items():
        place = body
        for part in path:
            place = place.setdefault(part, {})
        place.update(dict.fromkeys(keys))
    return body
