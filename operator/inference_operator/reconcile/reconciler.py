"""One pass over one object: observe, plan, execute, report."""

import asyncio
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from inference_operator.adapters.kubernetes.apply import Executor, Outcome
from inference_operator.adapters.kubernetes.client import ApiError, Cluster
from inference_operator.adapters.kubernetes.event_budget import EventBudget
from inference_operator.adapters.kubernetes.status_writer import publish_event, publish_status
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.reasons import Reason
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed, Reference
from inference_operator.domain.serving_unit import Owner
from inference_operator.observation.kinds import UNIT_BY_KIND
from inference_operator.observation.observe import Resolve
from inference_operator.observation.reference_index import references_in
from inference_operator.observation.store import Cache
from inference_operator.planning.cost import is_large
from inference_operator.planning.plan import Plan
from inference_operator.planning.planner import plan
from inference_operator.planning.rollout.position import as_carried_out
from inference_operator.planning.status.events import events_for
from inference_operator.planning.status.unit_status import report
from inference_operator.reconcile.reader import Reader
from inference_operator.reconcile.rollout_slots import RolloutSlots
from inference_operator.validation.defaults import Defaults

log = logging.getLogger(__name__)

# Passes in a row that may fail in passing before the person is told.
PATIENCE = 3
# Until Kopf tells of it; its word wakes who refers to it.
RELIST_DELAY = timedelta(seconds=1)


class PassError(Exception):
    """Something of the pass failed; it is tried again. `reason` is for counting."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = str(reason)


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What passes decide by, besides what the cluster shows."""

    defaults: Defaults
    clock: Callable[[], datetime]
    resolve: Resolve
    """What the model registry says; it never waits."""

    turns: RolloutSlots
    """Whose turn it is to get new defaults; nobody's, unless they are rolled out in stages."""


class Reconciler:
    """Everything that a pass needs; calling it makes one."""

    def __init__(
        self, cluster: Cluster, cache: Cache, telemetry: Telemetry, grounds: Dependencies
    ) -> None:
        self._cluster = cluster
        self._cache = cache
        self._telemetry = telemetry
        self._grounds = grounds
        self._executor = Executor(cluster, cache)
        self._event_budget = EventBudget()
        self._failing: Counter[UnitKey] = Counter()
        # Of each unit: what it refers to that was not there when last asked.
        self._not_there: dict[UnitKey, frozenset[Reference]] = {}
        # One alone: each further one would take a turn of the interpreter from the event loop.
        self._thread = ThreadPoolExecutor(1, "large-plans")
        self._reader = Reader(cache, grounds.resolve, self._thread)

    async def __call__(self, key: UnitKey, under_load: bool = False) -> timedelta | None:
        """Bring the cluster one step nearer to what `key` asks for; when to look again.

        At once after a change: its echo wakes nobody. `in_haste`, since others wait for their
        children, a pass that wrote children leaves the status to the next one.
        """
        if self._cache.is_unreadable(key):
            # What it asks for is unknown: what was made for it stays.
            self._grounds.turns.give_back(key)
            return None
        began = time.monotonic()
        outcome = "failed"
        try:
            changed, delay = await self._pass(key, under_load)
            outcome = "changed" if changed else "unchanged"
            return timedelta(0) if changed else delay
        finally:
            self._telemetry.passes.labels(outcome).inc()
            self._telemetry.pass_seconds.observe(time.monotonic() - began)

    async def _pass(self, key: UnitKey, under_load: bool) -> tuple[bool, timedelta | None]:
        seen = await self._reader.observe(key)
        if seen is None or seen.deleting:
            # Owner references take the children along.
            self._executor.forget(key)
            self._grounds.turns.give_back(key)
            self._failing.pop(key, None)
            self._cache.needs_owner_check.discard(key)
            self._not_there.pop(key, None)
            return False, None
        if await self._is_unlisted(seen):
            return False, RELIST_DELAY
        now = self._grounds.clock()
        held = replace(seen, holds_slot=self._grounds.turns.holds(key))
        decided = await self._decide(held, now)
        if key in self._cache.needs_owner_check:
            self._cache.needs_owner_check.discard(key)
            if decided.actions:
                await self._look_again(seen.owner)
                return await self._pass(key, under_load)
        outcome = await self._executor.execute(decided)
        if outcome.passing:
            self._failing[key] += 1
        else:
            self._failing.pop(key, None)
        if under_load and outcome.written and not outcome.troubled:
            # As if the process had died here: the next pass reports what this one did.
            return True, None
        changed = await self._report(seen, decided, outcome, now)
        if outcome.passing or outcome.refused:
            reason = Reason.CHILD_REFUSED if outcome.refused else "Passing"
            raise PassError(reason, "; ".join((*outcome.passing, *outcome.refused)))
        return changed or outcome.written > 0, decided.wake_after

    async def _is_unlisted(self, seen: Observed) -> bool:
        """Whether the unit refers to something that is there and that no watch has told of yet, as
        right after the start. Asked once: whatever comes later is told."""
        missing = references_in(seen.spec) - seen.references.keys()
        own = seen.owner.key
        # What the spec no longer refers to is forgotten.
        known = self._not_there.pop(own, frozenset()) & missing
        if known:
            self._not_there[own] = known
        for named in sorted(missing - known):
            key = UnitKey(named.kind, own.namespace, named.name)
            if key == own or self._cache.is_unreadable(key):
                continue
            try:
                await self._cluster.get(UNIT_BY_KIND[key.kind], key.namespace, key.name)
                return True
            except ApiError as error:
                if error.is_passing:
                    raise
                known |= {named}
                self._not_there[own] = known
        return False

    async def _look_again(self, owner: Owner) -> None:
        """Have the unit as the API server has it now: nothing is made for one that has gone."""
        key = owner.key
        try:
            live = await self._cluster.get(UNIT_BY_KIND[key.kind], key.namespace, key.name)
            self._cache.put(key.kind, live)
        except ApiError as error:
            if error.is_gone:
                self._cache.record_deletion(key.kind, _identity(owner), sys.maxsize)
            elif error.is_passing:
                self._cache.needs_owner_check.add(key)
                raise
            else:
                # A ClusterRole of before: what serves is mended all the same.
                log.warning("cannot ask whether %s is still there: %s", key, error)

    async def _decide(self, seen: Observed, now: datetime) -> Plan:
        key = seen.owner.key
        decided = await self._plan(seen, now)
        if decided.wants_slot:
            if self._grounds.turns.take(key):
                decided = await self._plan(replace(seen, holds_slot=True), now)
        elif decided.is_settled or not seen.holds_slot:
            self._grounds.turns.give_back(key)
        return decided

    async def _plan(self, seen: Observed, now: datetime) -> Plan:
        """Decide; what takes long in a thread, so that the leases and the watches go on."""
        if not is_large(seen):
            return plan(seen, self._grounds.defaults, now)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, plan, seen, self._grounds.defaults, now)

    async def _report(
        self, before: Observed, decided: Plan, outcome: Outcome, now: datetime
    ) -> bool:
        # Where nothing was written, what was seen before is what there is.
        after = await self._reader.observe(before.owner.key) if decided.actions else before
        if after is None:
            return False
        errors = (*decided.conflicts, *outcome.refused)
        if self._failing[before.owner.key] >= PATIENCE:
            errors += tuple(f"{said} (tried again and again)" for said in outcome.passing)
        # The generation that was planned for: an edit in the meantime waits for its own pass.
        after = replace(after, generation=before.generation)
        decided = as_carried_out(decided, after.served_revision)
        status = report(after, decided, errors, now)
        try:
            changed = await publish_status(self._cluster, self._cache, before.owner, status)
            for note in events_for(before.status, status, decided, tuple(outcome.repaired)):
                log.info(note.message, extra={"unit": str(before.owner.key), "reason": note.reason})
                if self._event_budget.take(before.owner.key):
                    await publish_event(self._cluster, before.owner, note, now)
        except ApiError as error:
            if not error.is_gone:
                raise
            # Its end is not told yet: nothing is to be made for it any more.
            self._cache.record_deletion(before.owner.key.kind, _identity(before.owner), sys.maxsize)
            return False
        return changed


def _identity(owner: Owner) -> dict[str, Any]:
    key = owner.key
    return {"metadata": {"namespace": key.namespace, "name": key.name, "uid": owner.uid}}
