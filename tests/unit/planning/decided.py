"""The decisions about one unit, and the status that reports them, for tests of reports."""

from dataclasses import fields
from typing import Any

from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.domain.sizes import Sizes
from inference_operator.planning.plan import Plan
from inference_operator.planning.status.unit_status import report
from inference_operator.planning.transition import Transition
from inference_operator.validation.assess import Assessment, assess
from tests.fakes.bodies import KEY
from tests.unit.planning.seen import DEFAULTS, NOON, observed, record


def wanted_unit() -> ServingUnit:
    unit = assess(observed(), RolloutState(), DEFAULTS).unit
    assert unit is not None
    return unit


MINE = wanted_unit().revision
OLD, WANTED = record("0ld"), record(MINE, 2)


def decided(
    state: RolloutState, *, replicas: int = 2, with_unit: bool = True, **changes: object
) -> Plan:
    unit = wanted_unit() if with_unit else None
    records = {r.revision: r for r in (OLD, WANTED)}
    return plan_of(state, replicas=replicas, unit=unit, records=records, **changes)


def plan_of(state: RolloutState | None = None, *, replicas: int = 1, **parts: Any) -> Plan:
    """Return a plan; each part goes into the assessment, the transition or the plan that has it."""

    def of(kind: type[Any]) -> dict[str, Any]:
        return {each.name: parts.pop(each.name) for each in fields(kind) if each.name in parts}

    assessment = Assessment(**of(Assessment))
    own = {"target": assessment.revision, **of(Plan)}
    rollout = Transition(state or RolloutState(), **parts)
    return Plan(KEY, assessment, rollout, Sizes(replicas), **own)


def story(seen: Observed, done: Plan, *errors: str) -> dict[str, tuple[str, str, str]]:
    status = report(seen, done, errors, NOON)
    return {c.type: (c.status.value, c.reason, c.message) for c in status.conditions}
