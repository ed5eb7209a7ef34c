"""The Events of a pass."""

from inference_operator.api.conditions import Condition, ConditionStatus
from inference_operator.api.reasons import Reason
from inference_operator.api.status import InferenceModelStatus
from inference_operator.domain.rollout_state import Decision
from inference_operator.planning.plan import Plan
from inference_operator.planning.status.events import EventDraft, Severity, events_for
from tests.fakes.bodies import KEY
from tests.unit.planning.seen import NOON


def status(
    ready: str, reason: str, stalled: str | None = None, *, generation: int | None = 3
) -> InferenceModelStatus:
    conditions = [condition("Ready", ready, reason)]
    if stalled:
        conditions.append(condition("Stalled", "True", stalled))
    return InferenceModelStatus(observed_generation=generation, conditions=tuple(conditions))


def condition(kind: str, holds: str, reason: str) -> Condition:
    return Condition(
        type=kind,
        status=ConditionStatus(holds),
        observed_generation=3,
        last_transition_time=NOON,
        reason=reason,
        message=f"{reason} in words",
    )


def plan(*decisions: Decision) -> Plan:
    return Plan(KEY, decisions=decisions)


NEW = InferenceModelStatus()
READY = status("True", "Ready")
PROGRESSING = status("False", "Progressing")
CREATED = Decision(Reason.REVISION_CREATED, "made", None, "a")
PROMOTED = Decision(Reason.PROMOTED, "moved", None, "a")


def test_a_new_resource_is_not_announced() -> None:
    assert events_for(NEW, PROGRESSING, plan(CREATED)) == ()


def test_a_new_revision_of_a_serving_resource_is() -> None:
    (note,) = events_for(READY, PROGRESSING, plan(CREATED))

    assert note == EventDraft(Severity.NORMAL, "RevisionCreated", "made")


def test_a_promotion_tells_that_it_is_ready() -> None:
    (note,) = events_for(PROGRESSING, READY, plan(PROMOTED))

    assert note.reason == "Promoted"


def test_an_abort_is_told_once_with_what_to_do_about_it() -> None:
    aborted = Decision(Reason.ROLLOUT_ABORTED, "RolloutAborted in", "a", "b")
    (note,) = events_for(PROGRESSING, status("False", "RolloutAborted"), plan(aborted))

    assert note == EventDraft(Severity.WARNING, "RolloutAborted", "RolloutAborted in words")


def test_another_abort_beside_that_of_ready_is_told_too() -> None:
    aborted = Decision(Reason.ROLLOUT_ABORTED, "another one", "a", "b")
    after = status("False", "RolloutAborted")
    notes = events_for(PROGRESSING, after, plan(aborted))

    assert [note.message for note in notes] == ["another one", "RolloutAborted in words"]
    assert events_for(after, after, plan(aborted)) == notes[:1]


def test_an_unchanged_state_is_not_told_again() -> None:
    failed = status("False", "CrashLoop")

    assert events_for(failed, failed, plan()) == ()
    assert events_for(READY, READY, plan()) == ()


def test_trouble_is_a_warning() -> None:
    (note,) = events_for(PROGRESSING, status("False", "CrashLoop"), plan())

    assert note == EventDraft(Severity.WARNING, "CrashLoop", "CrashLoop in words")


def test_recovery_is_told() -> None:
    (note,) = events_for(status("False", "CrashLoop"), READY, plan())

    assert note == EventDraft(Severity.NORMAL, "Ready", "Ready in words")


def test_progress_is_quiet() -> None:
    assert events_for(READY, PROGRESSING, plan()) == ()
    assert events_for(READY, status("False", "Scaling"), plan()) == ()


def test_a_pause_is_no_warning() -> None:
    (note,) = events_for(READY, status("False", "Paused", "Paused"), plan())

    assert note.severity is Severity.NORMAL


def test_a_deadline_is_told_beside_its_trouble() -> None:
    before = status("False", "CrashLoop")
    after = status("False", "CrashLoop", "ProgressDeadlineExceeded")
    (note,) = events_for(before, after, plan())

    assert (note.severity, note.reason) == (Severity.WARNING, "ProgressDeadlineExceeded")


def test_an_invalid_spec_is_told_once() -> None:
    after = status("False", "InvalidSpec", "InvalidSpec")
    (note,) = events_for(READY, after, plan())

    assert (note.severity, note.reason) == (Severity.WARNING, "InvalidSpec")


def test_a_repair_names_what_was_put_back() -> None:
    (note,) = events_for(
        READY, READY, plan(), ("Service/fx: spec.type differs", "ConfigMap/x: missing")
    )

    assert note == EventDraft(
        Severity.NORMAL,
        "DriftRepaired",
        "restored after a change by another client: Service/fx: spec.type differs;"
        " ConfigMap/x: missing",
    )


def test_what_a_new_generation_asks_for_is_no_repair() -> None:
    before = status("True", "Ready", generation=2)

    assert events_for(before, READY, plan(), ("PodDisruptionBudget/fx: missing",)) == ()
