"""One pass over one unit, decided: from what was seen to a plan. No IO, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from inference_operator.api.reasons import Reason
from inference_operator.api.rollout import Rollout
from inference_operator.api.validate import InvalidResourceError, parse
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.resolution import Unresolved
from inference_operator.domain.serving_unit import RolloutSettings, ServingUnit
from inference_operator.domain.validation import Defaults, Invalid, serving_unit
from inference_operator.planning.accelerator import Choice, choose_mode
from inference_operator.planning.children import blocked, stages
from inference_operator.planning.defaults import settled
from inference_operator.planning.plan import Plan
from inference_operator.planning.rollout import (
    Advance,
    Position,
    Situation,
    Turn,
    advance,
    scale_down,
)
from inference_operator.planning.source import settle
from inference_operator.resources.controller_revision import new_record


@dataclass(frozen=True, slots=True)
class Validated:
    """The serving unit that a spec asks for, or why there is none."""

    unit: ServingUnit | None = None
    invalid: Invalid | None = None
    unresolved: Unresolved | None = None
    """What is wrong with the registry's answer; with a unit, the last version known stands."""

    contradictions: tuple[str, ...] = ()
    choice: Choice | None = None
    waits: str = ""
    """Why it does not get the operator's new defaults yet."""

    wants_turn: bool = False
    cause: str = ""
    """What made a new revision of an unchanged spec."""


def plan(seen: Observed, defaults: Defaults, now: datetime) -> Plan:
    """What to do about the unit now."""
    found = validated(seen, defaults)
    position = position_of(seen)
    if found.unit is None:
        return _keep_up(seen, position, found, now)
    return _towards(seen, position, found, found.unit, now)


def validated(seen: Observed, defaults: Defaults) -> Validated:
    """The serving unit that the spec asks for on the nodes there are, or why it cannot be."""
    try:
        spec = parse(_body(seen)).spec
    except InvalidResourceError as error:
        return Validated(invalid=Invalid(tuple(str(problem) for problem in error.errors)))
    source = settle(seen, position_of(seen), spec)
    if source.wanted is None:
        return Validated(unresolved=source.unresolved)
    choice = choose_mode(spec.accelerator, spec.placement, seen.nodes)
    made = serving_unit(seen.owner, seen.generation, source.wanted, choice.mode, defaults)
    if isinstance(made, Invalid):
        return Validated(invalid=made)
    kept = settled(seen, position_of(seen), made, defaults)
    return Validated(
        unit=kept.unit,
        waits=kept.waits,
        wants_turn=kept.wants_turn,
        cause=kept.cause,
        unresolved=source.unresolved,
        contradictions=source.wanted.contradictions,
        choice=choice if spec.accelerator else None,
    )


def _body(seen: Observed) -> dict[str, Any]:
    owner = seen.owner
    return {
        "apiVersion": owner.api_version,
        "kind": owner.key.kind,
        "metadata": {"namespace": owner.key.namespace, "name": owner.key.name},
        "spec": seen.spec,
    }


def position_of(seen: Observed) -> Position:
    """Where the rollout stands, without revisions that no longer exist.

    The status says it. Where it was lost, the revision that the Service selects is the stable one,
    if its model answers anybody.
    """
    status = seen.status
    # A revision whose record was deleted by hand still has its pods: clients stay with it.
    known = {*seen.revisions, *seen.workers}
    stable = status.stable.revision if status.stable else None
    candidate = status.candidate.revision if status.candidate else None
    if status.observed_generation is None:
        stable = seen.served_revision if seen.ready_of(seen.served_revision) else None
    rollout = status.rollout
    found = Position(
        stable=stable if stable in known else None,
        candidate=candidate if candidate in known else None,
        since=rollout.since if rollout else None,
        progress=rollout.ready if rollout else 0,
        previous=rollout.previous if rollout and rollout.previous in known else None,
        promoted_at=rollout.promoted_at if rollout else None,
    )
    return _as_clients_see_it(found, seen.served_revision)


def _as_clients_see_it(position: Position, served: str | None) -> Position:
    """A promotion whose write of the Service was refused has not happened: it is decided anew, by
    who answers then."""
    if position.previous is None or served != position.previous:
        return position
    promoted = position.candidate or position.stable
    return Position(stable=served, candidate=promoted, since=position.promoted_at)


def _towards(
    seen: Observed, position: Position, found: Validated, unit: ServingUnit, now: datetime
) -> Plan:
    situation = Situation(
        target=unit.revision,
        replicas=unit.replicas,
        ready=seen.ready_of(unit.revision),
        settings=unit.rollout,
        now=now,
        artifact=str(unit.entry_model.resolved or ""),
        cause=found.cause,
    )
    told = _told_of(seen, position, unit.revision)
    step = advance(_kept_serving(seen, told, unit.revision), situation)
    records = dict(seen.revisions)
    if unit.revision in step.position.live and unit.revision not in records:
        records[unit.revision] = new_record(unit, _next_number(records))
    made = _plan(seen, step, records, unit)
    return replace(
        made,
        accelerator=found.choice,
        unresolved=found.unresolved,
        contradictions=found.contradictions,
        behind=found.waits,
        wants_turn=found.wants_turn,
    )


def _told_of(seen: Observed, position: Position, target: str) -> Position:
    """A revision that came up before any status was written still has its story told: brought up,
    and promoted."""
    if seen.status.observed_generation is None and position.stable == target:
        return replace(position, stable=None)
    return position


def _kept_serving(seen: Observed, position: Position, target: str) -> Position:
    """A first revision that answers on some replicas keeps its clients until the next one can."""
    first = position.candidate
    if position.stable is not None or first in (None, target) or not seen.ready_of(first):
        return position
    return replace(position, stable=first, candidate=None, since=None, progress=0)


def _plan(
    seen: Observed,
    step: Advance,
    records: Mapping[str, RevisionRecord],
    unit: ServingUnit,
) -> Plan:
    kept = history(records, step.position, unit.rollout.history_limit)
    return Plan(
        key=seen.owner.key,
        stages=stages(seen, records, step.position, unit.replicas, kept),
        position=step.position,
        turns=_new_turns(seen, (*_scaling(seen, step.position, unit.replicas), *step.turns)),
        unit=unit,
        records=records,
        replicas=unit.replicas,
        stuck=step.stuck,
        paused=step.paused,
        blocked=blocked(seen, unit.replicas),
        wake_after=step.wake_after,
    )


def _scaling(seen: Observed, position: Position, replicas: int) -> tuple[Turn, ...]:
    # Against what was reported, not what is live: a Deployment scaled by hand is drift.
    stable = seen.status.stable
    if stable is None or stable.revision != position.stable or stable.replicas == replicas:
        return ()
    message = f"spec.replicas went from {stable.replicas} to {replicas}"
    return (Turn(Reason.SCALED, message, str(stable.replicas), str(replicas)),)


def _new_turns(seen: Observed, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Without the decision that was recorded last: its writes are only tried again."""
    last = seen.status.decisions[-1] if seen.status.decisions else None
    if last is None:
        return turns
    known = (last.reason, last.source, last.target)
    return tuple(turn for turn in turns if (turn.reason, turn.source, turn.target) != known)


def _keep_up(seen: Observed, position: Position, found: Validated, now: datetime) -> Plan:
    """What served goes on: scaled as asked where that much of the spec is legible."""
    position, wake_after = scale_down(position, _rollout_settings(seen), now)
    replicas = seen.spec.get("replicas", 1) if isinstance(seen.spec, Mapping) else None
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        current = seen.workers.get(position.serving) if position.serving else None
        replicas = current.replicas if current else 0
    kept = frozenset(seen.revisions)
    return Plan(
        key=seen.owner.key,
        stages=stages(seen, seen.revisions, position, replicas, kept),
        position=position,
        invalid=found.invalid,
        unresolved=found.unresolved,
        records=seen.revisions,
        replicas=replicas,
        stuck=found.invalid.message if found.invalid else "",
        blocked=blocked(seen, replicas),
        wake_after=wake_after,
    )


def _rollout_settings(seen: Observed) -> RolloutSettings:
    """As the spec has them, where at least they are legible."""
    given = seen.spec.get("rollout") if isinstance(seen.spec, Mapping) else None
    try:
        return RolloutSettings.of(Rollout.model_validate(given or {}))
    except ValidationError:
        return RolloutSettings()


def history(
    records: Mapping[str, RevisionRecord], position: Position, limit: int
) -> frozenset[str]:
    """The newest `limit` revisions besides the live ones."""
    old = [record for record in records.values() if record.revision not in position.live]
    newest = sorted(old, key=lambda record: record.number, reverse=True)[:limit]
    return frozenset(record.revision for record in newest)


def _next_number(records: Mapping[str, RevisionRecord]) -> int:
    return 1 + max((record.number for record in records.values()), default=0)
