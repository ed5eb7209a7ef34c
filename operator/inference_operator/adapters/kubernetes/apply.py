"""Executor of plans: each write in its turn; each answer is put into the store at once."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.client import Cluster
from inference_operator.adapters.kubernetes.objections import ObjectionError, object_to
from inference_operator.domain.body import MutableBody
from inference_operator.domain.names import ChildKey, UnitKey
from inference_operator.observation.kinds import CHILD_BY_KIND
from inference_operator.observation.store import Store
from inference_operator.planning.children.drift import drift, foreign_keys
from inference_operator.planning.plan import Action, Apply, Cause, Create, Delete, Plan

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Concurrent requests of one plan: forged children may make it delete a thousand objects."""

Result = ApiError | ObjectionError | bool | None
"""Whether anything was written, or the error; None if the write was skipped."""


@dataclass(slots=True)
class Outcome:
    """The outcome of a plan."""

    written: int = 0
    repaired: list[str] = field(default_factory=list)
    """Children that another client changed or deleted, and that were put back."""

    refused: list[str] = field(default_factory=list)
    """Sentences about children that need a person."""

    transient: list[str] = field(default_factory=list)
    """Sentences about failures that may go away by themselves."""

    @property
    def has_failures(self) -> bool:
        return bool(self.repaired or self.refused or self.transient)


class Executor:
    """Writer of children. A refused child does not stop the writes of the others."""

    def __init__(self, cluster: Cluster, store: Store) -> None:
        self._cluster = cluster
        self._store = store
        # Children that (for example) an admission webhook keeps different from the manifest:
        # applying them again before they change would never end.
        self._unchangeable: dict[tuple[UnitKey, ChildKey], tuple[str, str]] = {}
        # Children that could not be written: a later write of them is not a repair.
        self._pending_retries: set[tuple[UnitKey, ChildKey]] = set()

    async def execute(self, plan: Plan) -> Outcome:
        """Send all writes at once, but each only after those that it must follow. A write is
        skipped if one of these failed."""
        outcome, results = Outcome(), await self._send_all(plan)
        for action, result in zip(plan.actions, results, strict=True):
            if not isinstance(result, bool):
                self._pending_retries.add((plan.key, action.key))
            if isinstance(result, ApiError | ObjectionError):
                _record(outcome, action, result)
            elif result:
                outcome.written += 1
                self._record_repair(outcome, plan, action)
        return outcome

    async def _send_all(self, plan: Plan) -> Sequence[Result]:
        # A thousand deletions of forged children must not delay the others.
        writes, deletions = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE)
        sent: dict[ChildKey, asyncio.Task[Result]] = {}
        for action in plan.actions:
            limit = deletions if isinstance(action, Delete) else writes
            before = [sent[key] for key in action.after]
            sending = self._in_turn(limit, plan.key, action, before)
            sent[action.key] = asyncio.create_task(sending)
        try:
            return await asyncio.gather(*sent.values())
        except BaseException:
            # After an unexpected error nothing is sent while the next pass runs.
            for task in sent.values():
                task.cancel()
            await asyncio.gather(*sent.values(), return_exceptions=True)
            raise

    def forget(self, key: UnitKey) -> None:
        """Forget a unit that is gone."""
        self._unchangeable = {k: v for k, v in self._unchangeable.items() if k[0] != key}
        self._pending_retries = {pending for pending in self._pending_retries if pending[0] != key}

    def _record_repair(self, outcome: Outcome, plan: Plan, action: Action) -> None:
        was_pending = (plan.key, action.key) in self._pending_retries
        self._pending_retries.discard((plan.key, action.key))
        if action.cause is Cause.REPAIR and not was_pending:
            outcome.repaired.append(f"{action.key}: {action.why}")

    async def _in_turn(
        self,
        limit: asyncio.Semaphore,
        unit: UnitKey,
        action: Action,
        before: Sequence["asyncio.Task[Result]"],
    ) -> Result:
        results = [await task for task in before]
        if any(not isinstance(result, bool) for result in results):
            return None
        async with limit:
            return await self._do(unit, action)

    async def _do(self, unit: UnitKey, action: Action) -> Result:
        """Return whether anything was written, or the error."""
        try:
            object_to(unit, action)
            if isinstance(action, Delete):
                await self._delete(unit, action)
            elif isinstance(action, Create):
                await self._create(action)
            else:
                return await self._apply(unit, action)
        except ObjectionError as error:
            log.error("%s of %s is not sent: %s", action.key, unit, error)
            return error
        except ApiError as error:
            return error
        return True

    async def _create(self, action: Create) -> None:
        resource = CHILD_BY_KIND[action.key.kind]
        try:
            live = await self._cluster.create(resource, action.manifest)
        except ApiError as error:
            if not error.is_there_already:
                raise
            # It was orphaned, or left by an owner of the same name: adopt it if it is equal.
            live = await self._cluster.apply(resource, action.manifest, force=False)
        self._store.put(action.key.kind, live)

    async def _apply(self, unit: UnitKey, action: Apply) -> bool:
        key = action.key
        resource = CHILD_BY_KIND[key.kind]
        stored = self._store.get(key.kind, (unit.namespace, key.name))
        if stored is not None and self._is_unchangeable(unit, action, stored):
            return False
        extra = foreign_keys(stored, action.manifest) if stored is not None and action.owned else {}
        if extra:
            await self._cluster.patch(resource, _removal(action.manifest, extra))
        live = await self._cluster.apply(resource, action.manifest, force=action.owned)
        self._store.put(key.kind, live)
        where = drift(live, action.manifest)
        if where is None:
            self._unchangeable.pop((unit, key), None)
        else:
            log.warning("%s of %s does not keep %s as applied", key, unit, where)
            self._unchangeable[unit, key] = (_version(live), where)
        return True

    def _is_unchangeable(self, unit: UnitKey, action: Apply, stored: MutableBody) -> bool:
        unchangeable = self._unchangeable.get((unit, action.key))
        return unchangeable == (_version(stored), drift(stored, action.manifest))

    async def _delete(self, unit: UnitKey, action: Delete) -> None:
        key = action.key
        resource = CHILD_BY_KIND[key.kind]
        await self._cluster.delete(resource, unit.namespace, key.name, action.uid)
        meta = {"namespace": unit.namespace, "name": key.name, "uid": action.uid}
        self._store.drop(key.kind, {"metadata": meta})


def _record(outcome: Outcome, action: Action, error: ApiError | ObjectionError) -> None:
    if isinstance(error, ObjectionError):
        outcome.refused.append(
            f"{action.key} is not sent: {error}; report this to the operator's authors"
        )
        return
    if error.is_namespace_ending:
        # The namespace is being deleted, child by child: the resource itself is next.
        return
    if error.is_transient:
        outcome.transient.append(f"{action.key}: {error.message}")
    elif error.is_field_conflict:
        outcome.refused.append(
            f"{action.key} exists and belongs to another owner ({error.message}); delete or"
            " rename it, or rename this resource"
        )
    else:
        outcome.refused.append(f"{action.key} is refused: {error.message}")


def _version(body: Mapping[str, Any]) -> str:
    return str(body["metadata"].get("resourceVersion"))


def _removal(manifest: Mapping[str, Any], extra: dict[tuple[str, ...], list[str]]) -> MutableBody:
    meta = manifest["metadata"]
    body: MutableBody = {"metadata": {"name": meta["name"], "namespace": meta["namespace"]}}
    for path, keys in extra.items():
        place = body
        for part in path:
            place = place.setdefault(part, {})
        place.update(dict.fromkeys(keys))
    return body
