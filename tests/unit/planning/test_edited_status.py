"""Values carried from one status into the next, which clients may edit in between."""

from datetime import UTC, datetime, timedelta

from inference_operator.api.decision_status import (
    DECISION_MESSAGE_LENGTH,
    DECISIONS_KEPT,
    DecisionStatus,
)
from inference_operator.api.status import (
    InferenceModelStatus,
    ModelStatus,
    RevisionStatus,
    RolloutStatus,
)
from inference_operator.domain.resolution import Facts, Resolved
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.traffic import Traffic
from inference_operator.planning.planner import plan
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.state_machine import advance
from inference_operator.planning.status.unit_status import report
from tests.unit.planning.decided import MINE
from tests.unit.planning.seen import DEFAULTS, NOON, observed, record

RED = "\x1b[31mX\u202e\n"


def reported(status: InferenceModelStatus, **changes: object) -> InferenceModelStatus:
    recorded = record(MINE, **changes)
    there = observed(status=status, records=(recorded,), ready={MINE: (1, 1)}, served=MINE)
    made = report(there, plan(there, DEFAULTS, NOON), (), NOON)
    assert isinstance(made, InferenceModelStatus)
    return made


def edited(**changes: object) -> InferenceModelStatus:
    base = {"observed_generation": 1, "stable": RevisionStatus(revision=MINE, replicas=1)}
    return InferenceModelStatus(**(base | changes))  # type: ignore[arg-type]


def test_decisions_are_carried_without_control_characters() -> None:
    forged = DecisionStatus(
        time=NOON,
        source=RED * 20,
        target=RED,
        reason=RED * 20,
        message=RED * (DECISION_MESSAGE_LENGTH // len(RED)),
    )
    status = reported(edited(decisions=(forged,) * DECISIONS_KEPT))

    assert len(status.decisions) == DECISIONS_KEPT
    assert all(text.isprintable() for decision in status.decisions for text in texts(decision))
    assert all(len(decision.message) <= DECISION_MESSAGE_LENGTH for decision in status.decisions)
    # The next pass changes nothing more.
    assert reported(status).decisions == status.decisions


def texts(decision: DecisionStatus) -> tuple[str, ...]:
    return (decision.source or "", decision.target or "", decision.reason, decision.message)


def test_a_digest_is_carried_only_where_it_is_one() -> None:
    uri = record().uri
    forged = reported(edited(model=ModelStatus(uri=uri, sha256=RED)))
    kept = reported(edited(model=ModelStatus(uri=uri, sha256="ab" * 32)))

    assert forged.model is not None
    assert kept.model is not None
    assert (forged.model.sha256, kept.model.sha256) == (None, "ab" * 32)


def test_the_run_of_a_record_is_shown_without_control_characters() -> None:
    resolved = Resolved("models:/m@a", "models:/m/1", 1, RED * 30, "https://h/a", Facts("a.onnx"))
    status = reported(edited(), resolved=resolved)

    assert status.model is not None
    assert status.model.run_id is not None
    assert status.model.run_id.isprintable()
    assert len(status.model.run_id) <= 256


def test_a_time_to_come_counts_as_now() -> None:
    year_9000 = datetime(9000, 1, 1, tzinfo=UTC)
    status = edited(
        stable=None,
        canary=RevisionStatus(revision=MINE, replicas=1),
        rollout=RolloutStatus(since=year_9000),
    )
    there = observed(status=status, records=(record(MINE),), ready={MINE: (0, 1)})
    done = plan(there, DEFAULTS, NOON)
    assert done.rollout.state.since == NOON
    assert done.wake_after is not None
    assert done.wake_after <= timedelta(minutes=10)

    before = RolloutState(stable="bbb", previous="aaa", promoted_at=year_9000)
    settings = done.assessment.unit.rollout if done.assessment.unit else None
    assert settings is not None
    after = advance(before, RolloutFacts("bbb", 1, {"bbb": 1}, settings, NOON, Traffic.to("bbb")))
    assert (after.state.promoted_at, after.wake_after) == (NOON, settings.scale_down_delay)
