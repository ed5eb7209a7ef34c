"""One pass over one unit, decided: from what was seen to a plan. No IO, no clock."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from inference_operator.api.reasons import Reason
from inference_operator.api.rollout import Rollout
from inference_operator.domain.observed import Observed, RejectedRecord, RevisionRecord
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.domain.serving_unit import RolloutSettings, ServingUnit
from inference_operator.planning.children.desired import stages, taken
from inference_operator.planning.children.rejected_records import (
    deletion,
    describe,
    may_replace,
    paced,
    rejections,
    stays,
)
from inference_operator.planning.plan import Plan
from inference_operator.planning.rollout.history import history
from inference_operator.planning.rollout.position import position_of
from inference_operator.planning.rollout.state_machine import (
    RolloutFacts,
    Transition,
    advance,
    scale_down,
)
from inference_operator.resources.controller_revision import MOST_REVISIONS, new_record
from inference_operator.validation.assess import Assessment, assess
from inference_operator.validation.model import Defaults


def plan(seen: Observed, defaults: Defaults, now: datetime) -> Plan:
    """What to do about the unit now."""
    position = position_of(seen)
    found = assess(seen, position, defaults)
    if found.unit is None:
        return paced(seen, _keep_up(seen, position, found, now), now)
    return paced(seen, _towards(seen, position, found, found.unit, now), now)


def _towards(
    seen: Observed, position: RolloutState, found: Assessment, unit: ServingUnit, now: datetime
) -> Plan:
    situation = RolloutFacts(
        target=unit.revision,
        replicas=unit.replicas,
        ready=seen.ready_of(unit.revision),
        settings=unit.rollout,
        now=now,
        served=seen.served_revision,
        artifact=_words(unit),
        cause=found.cause,
    )
    told = _told_of(seen, position, unit.revision)
    step = advance(_kept_serving(seen, told, unit.revision), situation)
    records = dict(seen.revisions)
    known = records.get(unit.revision)
    number = _next_number(records, seen, unit.revision)
    unit = unit.numbered(known.version if known else number)
    fresh = None
    if known is None and unit.revision in step.position.live:
        fresh = new_record(unit, number)
    made = _recorded(seen, step, unit, fresh)
    return replace(
        made,
        accelerator=found.choice,
        unresolved=found.unresolved,
        references=found.references,
        contradictions=found.contradictions,
        behind=found.waits,
        wants_slot=found.wants_slot,
        outside=found.outside,
    )


def _recorded(
    seen: Observed, step: Transition, unit: ServingUnit, fresh: RevisionRecord | None
) -> Plan:
    """Plan with the record of the wanted revision, a new one where there is none.

    A rejected record makes room for the new one only where that restarts no pod; until then nothing
    of the revision is written, and its pods stay.
    """
    rejected = seen.rejected_of(unit.revision) if fresh is not None else None
    if fresh is None or rejected is None:
        added = {fresh.revision: fresh} if fresh is not None else {}
        return _plan(seen, step, {**seen.revisions, **added}, unit)
    if not may_replace(seen, fresh):
        sentence = f"{describe(rejected)}; {stays(unit.revision)}"
        return replace(_plan(seen, step, seen.revisions, unit), rejected=sentence)
    made = _plan(seen, step, seen.revisions, unit, rejected)
    first, *others = made.stages
    return replace(
        made,
        stages=((*first, *deletion(seen, rejected)), *others),
        records={**seen.revisions, fresh.revision: fresh},
    )


def _words(unit: ServingUnit) -> str:
    """What a revision serves, as decisions tell it: the registry's version, or those of steps."""
    if unit.steps:
        return ", ".join(step.words for step in unit.steps)
    return str(unit.entry_model.resolved or "")


def _told_of(seen: Observed, position: RolloutState, target: str) -> RolloutState:
    """A revision that came up before any status was written still has its story told: brought up,
    and promoted."""
    if seen.status.observed_generation is None and position.stable == target:
        return replace(position, stable=None)
    return position


def _kept_serving(seen: Observed, position: RolloutState, target: str) -> RolloutState:
    """A first revision that answers on some replicas keeps its clients until the next one can."""
    first = position.candidate
    has_clients = first == seen.served_revision and seen.ready_of(first) > 0
    if position.stable is not None or first in (None, target) or not has_clients:
        return position
    return replace(position, stable=first, candidate=None, since=None, progress=0)


def _plan(
    seen: Observed,
    step: Transition,
    records: Mapping[str, RevisionRecord],
    unit: ServingUnit,
    replaced: RejectedRecord | None = None,
) -> Plan:
    kept = history(records, step.position, unit.rollout.history_limit)
    return Plan(
        key=seen.owner.key,
        stages=stages(seen, records, step.position, unit.replicas, kept),
        position=step.position,
        decisions=_new_decisions(
            seen,
            (
                *rejections(seen, step.position, replaced),
                *_scaling(seen, step.position, unit.replicas),
                *step.decisions,
            ),
        ),
        unit=unit,
        records=records,
        replicas=unit.replicas,
        stuck=step.stuck,
        paused=step.paused,
        taken=taken(seen, unit.replicas),
        wake_after=step.wake_after,
    )


def _scaling(seen: Observed, position: RolloutState, replicas: int) -> tuple[Decision, ...]:
    # Against what was reported, not what is live: a Deployment scaled by hand is drift. One that
    # was missing was reported too, without an edit of the spec.
    stable = seen.status.stable
    if stable is None or stable.revision != position.stable or stable.replicas == replicas:
        return ()
    if seen.status.observed_generation == seen.generation:
        return ()
    message = f"spec.replicas went from {stable.replicas} to {replicas}"
    return (Decision(Reason.SCALED, message, str(stable.replicas), str(replicas)),)


def _new_decisions(seen: Observed, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Without the decision that was recorded last: its writes are only tried again."""
    told = [one for one in seen.status.decisions if one.reason != Reason.RECORD_REJECTED]
    last = told[-1] if told else None
    if last is None:
        return decisions
    known = (last.reason, last.source, last.target)
    return tuple(one for one in decisions if (one.reason, one.source, one.target) != known)


def _keep_up(seen: Observed, position: RolloutState, found: Assessment, now: datetime) -> Plan:
    """What served goes on: scaled as asked where that much of the spec is legible."""
    position, wake_after = scale_down(position, _rollout_settings(seen), now)
    replicas = seen.spec.get("replicas", 1) if isinstance(seen.spec, Mapping) else None
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        current = seen.deployments.get(position.serving) if position.serving else None
        replicas = current.replicas if current else 0
    kept = frozenset(seen.revisions)
    return Plan(
        key=seen.owner.key,
        stages=stages(seen, seen.revisions, position, replicas, kept),
        position=position,
        decisions=rejections(seen, position),
        invalid=found.invalid,
        unresolved=found.unresolved,
        references=found.references,
        records=seen.revisions,
        replicas=replicas,
        stuck=found.invalid.message if found.invalid else "",
        taken=taken(seen, replicas),
        wake_after=wake_after,
    )


def _rollout_settings(seen: Observed) -> RolloutSettings:
    """As the spec has them, where at least they are legible."""
    given = seen.spec.get("rollout") if isinstance(seen.spec, Mapping) else None
    try:
        return RolloutSettings.of(Rollout.model_validate(given or {}))
    except ValidationError:
        return RolloutSettings()


def _next_number(records: Mapping[str, RevisionRecord], seen: Observed, revision: str) -> int:
    """Return a number that no other revision has, be its record accepted or not."""
    own = seen.rejected_of(revision)
    rejected = (record.number for record in seen.rejected.values() if record is not own)
    highest = max((*(record.number for record in records.values()), *rejected), default=0)
    return min(1 + highest, MOST_REVISIONS)
