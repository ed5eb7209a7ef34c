"""The status: written and read back without loss, and forgiving where others wrote it."""

from datetime import UTC, datetime, timedelta, timezone

from inference_operator.api.conditions import Condition, ConditionStatus, ConditionType
from inference_operator.api.decision_status import DecisionStatus
from inference_operator.api.reasons import Reason
from inference_operator.api.status import (
    InferenceModelStatus,
    ModelStatus,
    Phase,
    RevisionStatus,
    RolloutStatus,
    read_status,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
READY = Condition(
    type=ConditionType.READY,
    status=ConditionStatus.TRUE,
    observed_generation=3,
    last_transition_time=NOON,
    reason=Reason.READY,
    message="2 of 2 pods answer with version 1",
)
STATUS = InferenceModelStatus(
    observed_generation=3,
    phase=Phase.READY,
    conditions=(READY,),
    model=ModelStatus(version="1", uri="pvc://models/spread.onnx"),
    stable=RevisionStatus(revision="5d4c", version="1", replicas=2, ready=2, since=NOON),
    rollout=RolloutStatus(promoted_at=NOON),
    replicas=2,
    selector="a=b",
    decisions=(
        DecisionStatus(
            time=NOON, source="1", target="2", reason=Reason.SCALED, message="replicas: 2"
        ),
    ),
)


def test_a_status_reads_back_as_it_was_written() -> None:
    assert read_status({"kind": "InferenceModel", "status": STATUS.to_body()}) == STATUS


def test_a_time_is_written_in_utc_and_whole_seconds() -> None:
    local = datetime(2026, 3, 1, 13, 0, 0, 999, tzinfo=timezone(timedelta(hours=1)))
    written = RolloutStatus(since=local)
    assert written.model_dump(mode="json", exclude_none=True)["since"] == "2026-03-01T12:00:00Z"
    assert written.since == NOON


def test_a_decision_says_from_and_to() -> None:
    assert STATUS.to_body()["decisions"][0] == {
        "time": "2026-03-01T12:00:00Z",
        "from": "1",
        "to": "2",
        "reason": "Scaled",
        "message": "replicas: 2",
    }


def test_what_is_absent_is_not_written() -> None:
    assert "canary" not in STATUS.to_body()


def test_an_object_without_status_has_an_empty_one() -> None:
    assert read_status({"kind": "InferenceModel"}) == InferenceModelStatus()


def test_a_field_of_another_version_is_passed_over() -> None:
    body = {"kind": "InferenceModel", "status": {"phase": "Ready", "canaryWeight": 10}}
    assert read_status(body).phase is Phase.READY


def test_an_illegible_field_costs_only_itself() -> None:
    body = {
        "kind": "InferenceModel",
        "status": {"replicas": "two", "rollout": {"promotedAt": "2026-03-01T12:00:00Z"}},
    }
    assert read_status(body) == InferenceModelStatus(rollout=RolloutStatus(promoted_at=NOON))


def test_a_status_that_is_no_object_counts_as_none() -> None:
    assert read_status({"kind": "InferenceModel", "status": "Ready"}) == InferenceModelStatus()


def test_a_condition_is_found_by_its_type() -> None:
    assert STATUS.condition(ConditionType.READY) is STATUS.conditions[0]
    assert STATUS.condition(ConditionType.STALLED) is None
