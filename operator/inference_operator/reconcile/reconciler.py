"""Reconciler: a pass over one object observes, plans, executes and reports."""

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

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.kubernetes.apply import Executor, Outcome
from inference_operator.adapters.kubernetes.client import Cluster
from inference_operator.adapters.kubernetes.event_budget import EventBudget
from inference_operator.adapters.kubernetes.status_writer import publish_event, publish_status
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.reasons import Reason
from inference_operator.domain.commands import Verb
from inference_operator.domain.delays import earliest
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.domain.references import Reference
from inference_operator.domain.serving_unit import Owner
from inference_operator.observation.kinds import UNIT_BY_KIND
from inference_operator.observation.observe import Refresh, Resolve
from inference_operator.observation.reference_index import references_in
from inference_operator.observation.store import Store
from inference_operator.planning.cost import is_large
from inference_operator.planning.plan import Plan
from inference_operator.planning.planner import plan
from inference_operator.planning.status.conditions.stalled import until_stalled
from inference_operator.planning.status.events import events_for
from inference_operator.planning.status.unit_status import report
from inference_operator.reconcile.measured import Metrics, forget, measured, with_measured
from inference_operator.reconcile.reader import UnitReader
from inference_operator.reconcile.rollout_slots import RolloutSlots
from inference_operator.validation.defaults import Defaults

log = logging.getLogger(__name__)

# Passes in a row with transient failures before the status reports them.
PATIENCE = 3
# Until Kopf reports the object; its event wakes the dependants.
RELIST_DELAY = timedelta(seconds=1)


class PassError(Exception):
    """A part of the pass failed, and the pass is retried. `reason` is for the metrics."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = str(reason)


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The inputs of a pass besides the cluster's state."""

    defaults: Defaults
    clock: Callable[[], datetime]
    resolve: Resolve
    """Returns the model registry's last answers; it never waits."""

    refresh: Refresh
    """Asks the model registry about a unit's sources again, once for each command."""

    slots: RolloutSlots
    """The units that may get new defaults now; unused unless defaults are rolled out in stages."""

    metrics: Metrics | None = None
    """Answers questions about units' metrics; None without a Prometheus."""


class Reconciler:
    """Runner of passes; a call runs one pass."""

    def __init__(
        self, cluster: Cluster, store: Store, telemetry: Telemetry, dependencies: Dependencies
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._telemetry = telemetry
        self._dependencies = dependencies
        self._executor = Executor(cluster, store)
        self._event_budget = EventBudget()
        self._failing: Counter[UnitKey] = Counter()
        # Each unit -> its references that did not exist when last requested.
        self._not_there: dict[UnitKey, frozenset[Reference]] = {}
        # A single thread: more would take the interpreter from the event loop.
        self._thread = ThreadPoolExecutor(1, "large-plans")
        self._reader = UnitReader(store, dependencies.resolve, self._thread)

    async def __call__(self, key: UnitKey, under_load: bool = False) -> timedelta | None:
        """Bring the cluster one step nearer to the spec of `key`; return when to run again.

        The delay is 0 after a change: its echo does not wake the unit. `under_load`, a pass that
        wrote children leaves the status to the next one, since other units wait for their children.
        """
        if self._store.is_unreadable(key):
            # Its spec is unknown: its children stay.
            self._dependencies.slots.release(key)
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
            # Owner references delete the children.
            self._executor.forget(key)
            self._dependencies.slots.release(key)
            forget(key, self._dependencies.metrics)
            self._failing.pop(key, None)
            self._store.needs_owner_check.discard(key)
            self._not_there.pop(key, None)
            return False, None
        if await self._is_unlisted(seen):
            return False, RELIST_DELAY
        now = self._dependencies.clock()
        seen = measured(seen, self._dependencies.metrics)
        held = replace(seen, holds_slot=self._dependencies.slots.holds(key))
        decided = await self._decide(held, now)
        if key in self._store.needs_owner_check:
            self._store.needs_owner_check.discard(key)
            if decided.actions:
                await self._look_again(seen.owner)
                return await self._pass(key, under_load)
        outcome = await self._executor.execute(decided)
        if outcome.transient:
            self._failing[key] += 1
        else:
            self._failing.pop(key, None)
        # Without a status, the Service alone tells which revision was the stable one.
        has_status = seen.status.observed_generation is not None
        may_wait = under_load or (decided.rollout.moves_clients and has_status)
        # A step that has ended must be reported: the next pass would begin at it again, and undo
        # the numbers of pods of the step behind it.
        may_wait = may_wait and decided.rollout.state.step == _reported_step(seen)
        if may_wait and outcome.written and not outcome.has_failures:
            # The next pass reports these writes, like after a crash at this line.
            return True, None
        changed, delay = await self._report(seen, decided, outcome, now)
        if outcome.transient or outcome.refused:
            reason = Reason.CHILD_REFUSED if outcome.refused else "Passing"
            raise PassError(reason, "; ".join((*outcome.transient, *outcome.refused)))
        return changed or outcome.written > 0, earliest(decided.wake_after, delay)

    async def _is_unlisted(self, seen: Observed) -> bool:
        """Return whether a referenced object exists that no watch has reported yet, as right after
        the start. Each is requested once: a watch reports later ones."""
        missing = references_in(seen.spec) - seen.inputs.references.keys()
        own = seen.owner.key
        # References that the spec no longer has are forgotten.
        missing_before = self._not_there.pop(own, frozenset()) & missing
        if missing_before:
            self._not_there[own] = missing_before
        for named in sorted(missing - missing_before):
            key = UnitKey(named.kind, own.namespace, named.name)
            if key == own or self._store.is_unreadable(key):
                continue
            try:
                await self._cluster.get(UNIT_BY_KIND[key.kind], key.namespace, key.name)
                return True
            except ApiError as error:
                if error.is_transient:
                    raise
                missing_before |= {named}
                self._not_there[own] = missing_before
        return False

    async def _look_again(self, owner: Owner) -> None:
        """Read the unit from the API server: a deleted one gets no children."""
        key = owner.key
        try:
            live = await self._cluster.get(UNIT_BY_KIND[key.kind], key.namespace, key.name)
            self._store.put(key.kind, live)
        except ApiError as error:
            if error.is_gone:
                self._store.record_deletion(key.kind, _identity(owner), sys.maxsize)
            elif error.is_transient:
                self._store.needs_owner_check.add(key)
                raise
            else:
                # An older ClusterRole without `get`: repair the children all the same.
                log.warning("cannot ask whether %s is still there: %s", key, error)

    async def _decide(self, seen: Observed, now: datetime) -> Plan:
        key = seen.owner.key
        if refresh := seen.inputs.commands.values.get(Verb.REFRESH_ALIAS):
            self._dependencies.refresh(key, refresh)
        decided = await self._plan(seen, now)
        if decided.assessment.wants_slot:
            if self._dependencies.slots.acquire(key):
                decided = await self._plan(replace(seen, holds_slot=True), now)
        elif decided.is_settled or decided.waits_for_person or not seen.holds_slot:
            self._dependencies.slots.release(key)
        return decided

    async def _plan(self, seen: Observed, now: datetime) -> Plan:
        """Plan; a long plan runs in a thread, so that leases and watches continue."""
        loop, defaults = asyncio.get_running_loop(), self._dependencies.defaults
        if not is_large(seen):
            return plan(seen, defaults, now)
        return await loop.run_in_executor(self._thread, plan, seen, defaults, now)

    async def _report(
        self, before: Observed, decided: Plan, outcome: Outcome, now: datetime
    ) -> tuple[bool, timedelta | None]:
        """Publish the status and the Events; return whether the status changed, and when to look
        at it again."""
        # If nothing was written, the earlier observation is still valid.
        after = await self._reader.observe(before.owner.key) if decided.actions else before
        if after is None:
            return False, None
        errors = (*decided.blocked_by_conflicts.values(), *outcome.refused)
        if self._failing[before.owner.key] >= PATIENCE:
            note = f"(failed {PATIENCE} or more times in a row; retrying)"
            errors += tuple(f"{message} {note}" for message in outcome.transient)
        # The generation that was planned for: an edit in the meantime waits for its own pass.
        after = replace(with_measured(after, before), generation=before.generation)
        status = report(after, decided, errors, now)
        try:
            changed = await publish_status(self._cluster, self._store, before.owner, status)
            for draft in events_for(before.status, status, decided, tuple(outcome.repaired)):
                log.info(
                    draft.message, extra={"unit": str(before.owner.key), "reason": draft.reason}
                )
                if self._event_budget.take(before.owner.key):
                    await publish_event(self._cluster, before.owner, draft, now)
        except ApiError as error:
            if not error.is_gone:
                raise
            # Its deletion is not reported yet: it must not get new children.
            self._store.record_deletion(before.owner.key.kind, _identity(before.owner), sys.maxsize)
            return False, None
        return changed, until_stalled(status, now)


def _reported_step(seen: Observed) -> int:
    rollout = seen.status.rollout
    return (rollout.current_step_index or 0) if rollout else 0


def _identity(owner: Owner) -> dict[str, Any]:
    key = owner.key
    return {"metadata": {"namespace": key.namespace, "name": key.name, "uid": owner.uid}}
