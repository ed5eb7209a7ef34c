"""The decisions about one unit, and the status that reports them, for tests of reports."""

from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.planning.plan import Plan
from inference_operator.planning.status.unit_status import report
from inference_operator.validation.assess import assess
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
    return Plan(
        KEY,
        (),
        state,
        unit=wanted_unit() if with_unit else None,
        records={r.revision: r for r in (OLD, WANTED)},
        replicas=replicas,
        **changes,  # type: ignore[arg-type]
    )


def story(seen: Observed, done: Plan, *errors: str) -> dict[str, tuple[str, str, str]]:
    status = report(seen, done, errors, NOON)
    return {c.type: (c.status.value, c.reason, c.message) for c in status.conditions}
