"""One pass over one unit, decided: from what was seen to a plan. No IO, no clock."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from inference_operator.api.reasons import Reason
from inference_operator.api.rollout import Rollout
from inference_operator.api.validate import InvalidResourceError, parse
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.serving_unit import RolloutSettings, ServingUnit
from inference_operator.domain.validation import Defaults, Invalid, serving_unit
from inference_operator.planning.accelerator import Choice, choose_mode
from inference_operator.planning.children import blocked, stages
from inference_operator.planning.plan import Plan
from inference_operator.planning.rollout import (
    Advance,
    Position,
    Situation,
    Turn,
    advance,
    scale_down,
)
from inference_operator.resources.controller_revision import new_record


def plan(seen: Observed, defaults: Defaults, now: datetime) -> Plan:
    """What to do about the unit now."""
    wanted, choice = validated(seen, defaults)
    position = position_of(seen)
    if isinstance(wanted, Invalid):
        return _keep_up(seen, position, wanted, now)
    return _towards(seen, position, wanted, choice, now)


def validated(seen: Observed, defaults: Defaults) -> tuple[ServingUnit | Invalid, Choice | None]:
    """The serving unit that the spec asks for on the nodes there are, or why it cannot be."""
    try:
        spec = parse(_body(seen)).spec
    except InvalidResourceError as error:
        return Invalid(tuple(str(problem) for problem in error.errors)), None
    choice = choose_mode(spec.accelerator, spec.placement, seen.nodes)
    unit = serving_unit(seen.owner, seen.generation, spec, choice.mode, defaults)
    return unit, choice if spec.accelerator else None


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
    return Position(
        stable=stable if stable in known else None,
        candidate=candidate if candidate in known else None,
        since=rollout.since if rollout else None,
        progress=rollout.ready if rollout else 0,
        previous=rollout.previous if rollout and rollout.previous in known else None,
        promoted_at=rollout.promoted_at if rollout else None,
    )


def _towards(
    seen: Observed, position: Position, unit: ServingUnit, choice: Choice | None, now: datetime
) -> Plan:
    situation = Situation(
        target=unit.revision,
        replicas=unit.replicas,
        ready=seen.ready_of(unit.revision),
        settings=unit.rollout,
        now=now,
    )
    step = advance(_kept_serving(seen, position, unit.revision), situation)
    records = dict(seen.revisions)
    if unit.revision in step.position.live and unit.revision not in records:
        records[unit.revision] = new_record(unit, _next_number(records))
    return _plan(seen, step, records, unit, choice)


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
    choice: Choice | None,
) -> Plan:
    kept = history(records, step.position, unit.rollout.history_limit)
    return Plan(
        key=seen.owner.key,
        stages=stages(seen, records, step.position, unit.replicas, kept),
        position=step.position,
        turns=_new_turns(seen, (*_scaling(seen, step.position, unit.replicas), *step.turns)),
        unit=unit,
        accelerator=choice,
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


def _keep_up(seen: Observed, position: Position, invalid: Invalid, now: datetime) -> Plan:
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
        invalid=invalid,
        records=seen.revisions,
        replicas=replicas,
        stuck=invalid.message,
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
