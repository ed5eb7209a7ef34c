"""Decisions about records that are not accepted."""

from dataclasses import replace
from datetime import timedelta

from inference_operator.api.decision_status import DecisionStatus
from inference_operator.api.reasons import Reason
from inference_operator.api.status import InferenceModelStatus, RevisionStatus
from inference_operator.domain.observed import Observed, RejectedRecord
from inference_operator.planning.planner import plan
from inference_operator.planning.status.events import Severity, events_for
from inference_operator.planning.status.explain import explain
from inference_operator.planning.status.unit_status import report
from tests.unit.planning.decided import MINE
from tests.unit.planning.seen import DEFAULTS, NOON, observed, record, with_children

WHY = "data.children: found nothing, expected a list of exactly 2"


def rejected(revision: str, number: int = 0) -> RejectedRecord:
    return RejectedRecord(f"fx-drift-{revision}", WHY, revision, number)


def seen(*records: RejectedRecord, **changes: object) -> Observed:
    by_name = {record.name: record for record in records}
    return with_children(observed(**changes), rejected=by_name)  # type: ignore[arg-type]


def running() -> Observed:
    """Return a unit whose target revision serves from a record that is not accepted."""
    stable = RevisionStatus(revision=MINE, replicas=1, ready=1)
    status = InferenceModelStatus(observed_generation=1, stable=stable)
    view = seen(rejected(MINE), status=status, ready={MINE: (1, 1)}, served=MINE)
    # The live children differ from the rendering.
    live = {"kind": "Deployment", "metadata": {"name": f"fx-drift-{MINE}", "uid": "u"}, "spec": {}}
    (key,) = (a.key for a in plan(observed(), DEFAULTS, NOON).actions if a.key.kind == "Deployment")
    return with_children(view, live={key: live})


def test_nothing_of_a_rejected_revision_is_written_while_other_pods_run() -> None:
    done = plan(running(), DEFAULTS, NOON)

    assert MINE not in {action.key.name.rpartition("-")[2] for action in done.actions}
    assert f"ControllerRevision/fx-drift-{MINE} is not accepted: {WHY}" in done.rejected
    assert f"  not written: {done.rejected}" in explain(done).splitlines()


def test_the_decision_is_an_event_once_and_a_warning() -> None:
    before = running()
    done = plan(before, DEFAULTS, NOON)
    (decision,) = done.decisions
    assert decision.reason is Reason.RECORD_REJECTED
    status = report(before, done, (), NOON)
    (note,) = events_for(before.status, status, done)
    assert (note.severity, note.reason) == (Severity.WARNING, "RecordRejected")

    again = plan(replace(before, status=status), DEFAULTS, NOON)
    assert again.decisions == ()


def test_a_rejected_record_keeps_its_number() -> None:
    done = plan(seen(rejected("0ld", 7), records=(record("aaa", 3),)), DEFAULTS, NOON)

    assert done.records[MINE].number == 8


def test_a_rejected_record_of_an_old_revision_is_kept_and_not_restored() -> None:
    done = plan(seen(rejected("0ld")), DEFAULTS, NOON)

    assert "0ld" not in done.records
    rejection = next(d for d in done.decisions if d.reason is Reason.RECORD_REJECTED)
    assert rejection.message.endswith("no revision can be restored from it; delete it")


def settled(status: InferenceModelStatus, base: dict[str, object]) -> InferenceModelStatus:
    there = observed(status=status, **base)  # type: ignore[arg-type]
    made = report(there, plan(there, DEFAULTS, NOON), (), NOON)
    assert isinstance(made, InferenceModelStatus)
    return made


def test_a_thousand_edits_make_few_decisions_and_writes() -> None:
    """Each Event belongs to a decision, and a status is written only if it differs."""
    stable = RevisionStatus(revision=MINE, version="1", replicas=1, ready=1)
    status = InferenceModelStatus(observed_generation=1, stable=stable)
    base = {"records": (record(MINE),), "ready": {MINE: (1, 1)}, "served": MINE}
    made, written, wait = 0, 0, None
    status = settled(status, base)
    for number in range(1000):
        forged = rejected(f"r{number}"), rejected(f"s{number}")
        there = seen(*forged, status=status, **base)
        done = plan(there, DEFAULTS, NOON + timedelta(milliseconds=100 * number))
        made += sum(decision.reason is Reason.RECORD_REJECTED for decision in done.decisions)
        after = report(there, done, (), NOON)
        assert isinstance(after, InferenceModelStatus)
        written += after != status
        status, wait = after, done.wake_after

    assert (made, written) == (3, 3)
    assert wait is not None

    # Records that are rejected after that are reported later.
    there = seen(rejected("late"), status=status, **base)
    assert plan(there, DEFAULTS, NOON + timedelta(minutes=10)).decisions != ()


def test_decisions_of_the_future_keep_nothing_quiet() -> None:
    forged = DecisionStatus(time=NOON + timedelta(days=1), reason="RecordRejected", message="m")
    status = InferenceModelStatus(observed_generation=1, decisions=(forged,) * 3)

    done = plan(seen(rejected("r"), status=status), DEFAULTS, NOON)
    assert Reason.RECORD_REJECTED in {decision.reason for decision in done.decisions}
