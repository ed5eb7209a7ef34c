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
    found = assess(observed(), RolloutState(), DEFAULTS).unit
    assert found is not None
    return found


MINE = wanted_unit().revision
OLD, WANTED = record("0ld"), record(MINE, 2)


def decided(
    position: RolloutState, *, replicas: int = 2, wanted: bool = True, **changes: object
) -> Plan:
    return Plan(
        KEY,
        (),
        position,
        unit=wanted_unit() if wanted else None,
        records={r.revision: r for r in (OLD, WANTED)},
        replicas=replicas,
        **changes,  # type: ignore[arg-type]
    )


def story(seen: Observed, done: Plan, *errors: str) -> dict[str, tuple[str, str, str]]:
    status = report(seen, done, errors, NOON)
    return {c.type: (c.status.value, c.reason, c.message) for c in status.conditions}
