"""Stalled: at once where nothing changes by itself, after a while where another apply may help."""

from dataclasses import replace
from datetime import timedelta

import pytest

from inference_operator.api.conditions import Condition, ConditionStatus, ConditionType
from inference_operator.api.problem import Problem
from inference_operator.api.reasons import PROSPECTS, Prospect, Reason
from inference_operator.api.status import InferenceModelStatus, UnitStatus
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.observed import Observed, Pod
from inference_operator.domain.references import Reference, Referenced
from inference_operator.domain.resolution import Unresolved
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.plan import Plan
from inference_operator.planning.status.conditions.stalled import PATIENCE, until_stalled
from inference_operator.planning.status.unit_status import report
from inference_operator.planning.transition import Hold
from inference_operator.validation.invalid import Invalid
from tests.unit.planning.decided import MINE, decided
from tests.unit.planning.seen import NOON, container, observed, pod, with_inputs

MOMENT = timedelta(seconds=1)
CANARY = RolloutState(canary=MINE)
FAILED = "failed to load 'fx-drift' version 1: Invalid argument: no such operator\""


def load_failure(reason: Reason) -> Pod:
    message = LoadReport(reason, "correct it").to_json()
    return pod(MINE, loader=container(exit_code=3, exit_message=message))


def pulling(reason: str) -> Pod:
    return pod(MINE, triton=container(waiting_reason=reason, waiting_message="no"))


FINAL_PODS = {
    "ArtifactInvalid": load_failure(Reason.ARTIFACT_INVALID),
    "DigestMismatch": load_failure(Reason.DIGEST_MISMATCH),
    "TensorMismatch": load_failure(Reason.TENSOR_MISMATCH),
    "ModelLoadFailed": pod(MINE, triton=container(exit_code=1, exit_message=FAILED)),
    "ImagePullFailed": pulling("InvalidImageName"),
}
PATIENT_PODS = {
    "ArtifactNotFound": load_failure(Reason.ARTIFACT_NOT_FOUND),
    "ArtifactForbidden": load_failure(Reason.ARTIFACT_FORBIDDEN),
    "InsufficientDisk": load_failure(Reason.INSUFFICIENT_DISK),
    "FetchFailed": load_failure(Reason.FETCH_FAILED),
    "ClaimNotFound": pod(MINE, unschedulable='persistentvolumeclaim "models" not found'),
    "ImagePullFailed": pulling("ErrImagePull"),
    "PodRefused": pulling("CreateContainerConfigError"),
    "OutOfMemory": pod(MINE, triton=container(exit_code=137, exit_reason="OOMKilled")),
    "CrashLoop": pod(MINE, triton=container(exit_code=1, exit_message="unknown option")),
    "Unschedulable": pod(MINE, unschedulable="0/3 nodes are available: Insufficient cpu"),
    "GPUUnavailable": pod(MINE, unschedulable="0/3 nodes are available: Insufficient a.io/gpu"),
}


def starting(*pods: Pod, status: UnitStatus | None = None) -> Observed:
    return observed(ready={MINE: (0, 2)}, served=MINE, pods=pods, status=status)  # type: ignore[arg-type]


def later(seen: Observed, done: Plan, *delays: timedelta) -> UnitStatus:
    """The last of several reports, each over the status of the one before."""
    now, status = NOON, report(seen, done, (), NOON)
    for delay in delays:
        now += delay
        seen = replace(seen, status=status)
        status = report(seen, done, (), now)
    return status


def working(status: UnitStatus) -> tuple[str, str]:
    """The only one of Reconciling and Stalled that is present, and its reason."""
    kinds = (ConditionType.RECONCILING, ConditionType.STALLED)
    (condition,) = [c for kind in kinds if (c := status.condition(kind))]
    assert condition.status is ConditionStatus.TRUE
    return condition.type, condition.reason


FETCHED_AGAIN = "; the pod fetches again by itself, after 5 minutes at most"
STARTED_AGAIN = "; the kubelet starts Triton again by itself, after 5 minutes at most"
NEXT = {
    "ArtifactNotFound": FETCHED_AGAIN,
    "ArtifactForbidden": FETCHED_AGAIN,
    "InsufficientDisk": FETCHED_AGAIN,
    "FetchFailed": FETCHED_AGAIN,
    "ClaimNotFound": "; the pod starts by itself when the claim is bound",
    "ImagePullFailed": "; the kubelet pulls again by itself, after 5 minutes at most",
    "PodRefused": "; the pods are requested again by themselves",
    "OutOfMemory": STARTED_AGAIN,
    "CrashLoop": STARTED_AGAIN,
}


@pytest.mark.parametrize("reason", FINAL_PODS)
def test_it_is_stalled_at_once_if_nothing_changes_by_itself(reason: str) -> None:
    status = later(starting(FINAL_PODS[reason]), decided(CANARY))

    assert working(status) == ("Stalled", reason)
    assert status.phase == "Failed"
    assert until_stalled(status, NOON) is None, "nothing to wait for"


@pytest.mark.parametrize("reason", PATIENT_PODS)
def test_it_is_stalled_after_a_while_if_another_apply_may_help(reason: str) -> None:
    seen, done = starting(PATIENT_PODS[reason]), decided(CANARY)
    first = later(seen, done)
    assert working(first) == ("Reconciling", reason)
    assert first.phase == "Progressing"
    assert until_stalled(first, NOON) == PATIENCE

    almost = later(seen, done, PATIENCE - MOMENT)
    assert working(almost) == ("Reconciling", reason)
    assert until_stalled(almost, NOON + PATIENCE - MOMENT) == MOMENT

    status = later(seen, done, PATIENCE - MOMENT, MOMENT)
    assert working(status) == ("Stalled", reason)
    assert status.phase == "Failed"
    ready, stalled = (
        status.condition(kind) for kind in (ConditionType.READY, ConditionType.STALLED)
    )
    assert ready is not None
    assert stalled is not None
    assert stalled.message.removeprefix(ready.message) == NEXT.get(reason, "")
    assert until_stalled(status, NOON + PATIENCE) is None


def test_each_prospect_of_pods_is_tried_here() -> None:
    assert {PROSPECTS[Reason(reason)] for reason in PATIENT_PODS} == {Prospect.AFTER_A_WHILE}
    finals = {*FINAL_PODS} - {"ImagePullFailed"}
    assert {PROSPECTS[Reason(reason)] for reason in finals} == {Prospect.NEVER_BY_ITSELF}


def test_an_older_revision_that_serves_makes_it_degraded() -> None:
    seen = observed(
        ready={"0ld": (2, 2), MINE: (0, 2)}, served="0ld", pods=(FINAL_PODS["DigestMismatch"],)
    )
    status = later(seen, decided(RolloutState(stable="0ld", canary=MINE)))

    assert working(status) == ("Stalled", "DigestMismatch")
    assert status.phase == "Degraded"


@pytest.mark.parametrize("reason", [Reason.INVALID_SPEC, Reason.NOT_ALLOWED])
def test_a_spec_that_cannot_be_served_is_stalled_at_once(reason: Reason) -> None:
    invalid = Invalid((Problem("spec.replicas", "-1", "0 or more"),), reason)
    status = later(observed(), decided(RolloutState(), with_unit=False, invalid=invalid))

    assert working(status) == ("Stalled", reason)


def test_a_state_that_is_written_again_does_not_change() -> None:
    seen, done = starting(PATIENT_PODS["CrashLoop"]), decided(CANARY)
    stalled = later(seen, done, PATIENCE)

    assert later(seen, done, PATIENCE, timedelta(hours=1)) == stalled
    assert later(seen, done) == later(seen, done, MOMENT), "no elapsed time is written"


def test_another_problem_of_the_same_pods_does_not_start_again() -> None:
    seen, done = starting(PATIENT_PODS["ImagePullFailed"]), decided(CANARY)
    first = later(seen, done)
    other = replace(starting(PATIENT_PODS["CrashLoop"]), status=first)

    assert working(report(other, done, (), NOON + PATIENCE)) == ("Stalled", "CrashLoop")


def test_a_solved_problem_is_forgotten() -> None:
    done = decided(CANARY)
    stalled = later(starting(PATIENT_PODS["Unschedulable"]), done, PATIENCE)
    scheduled = report(replace(starting(pod(MINE)), status=stalled), done, (), NOON + PATIENCE)

    assert working(scheduled) == ("Reconciling", "Progressing")
    assert scheduled.problem_since is None


def test_an_edit_starts_again() -> None:
    seen, done = starting(PATIENT_PODS["ArtifactForbidden"]), decided(CANARY)
    stalled = later(seen, done, PATIENCE)
    edited = replace(seen, status=stalled, generation=2)
    now = NOON + PATIENCE + MOMENT
    status = report(edited, done, (), now)

    assert working(status) == ("Reconciling", "ArtifactForbidden")
    assert until_stalled(status, now) == PATIENCE


def test_a_status_of_an_earlier_operator_counts_from_its_condition() -> None:
    ready = Condition(
        type=ConditionType.READY,
        status=ConditionStatus.FALSE,
        observed_generation=1,
        last_transition_time=NOON - PATIENCE,
        reason=Reason.CRASH_LOOP,
        message="Triton ended",
    )
    before = InferenceModelStatus(observed_generation=1, conditions=(ready,))
    seen = starting(PATIENT_PODS["CrashLoop"], status=before)
    assert working(report(seen, decided(CANARY), (), NOON)) == ("Stalled", "CrashLoop")

    other = starting(PATIENT_PODS["Unschedulable"], status=before)
    assert working(report(other, decided(CANARY), (), NOON))[0] == "Reconciling", "it is a new one"


def test_a_time_in_the_future_delays_nothing_for_ever() -> None:
    before = InferenceModelStatus(observed_generation=1, problem_since=NOON + timedelta(days=9))
    seen, done = starting(PATIENT_PODS["CrashLoop"], status=before), decided(CANARY)

    assert report(seen, done, (), NOON).problem_since == NOON
    assert working(later(seen, done, PATIENCE)) == ("Stalled", "CrashLoop")


def test_a_pause_is_never_stalled() -> None:
    seen = observed(ready={"0ld": (2, 2)}, served="0ld")
    done = decided(RolloutState(stable="0ld"), hold=Hold(Reason.PAUSED, "revision new waits"))

    assert working(later(seen, done, timedelta(days=1))) == ("Reconciling", "Paused")


def test_pods_that_start_are_never_stalled_before_their_deadline() -> None:
    assert working(later(starting(pod(MINE)), decided(CANARY), timedelta(minutes=9))) == (
        "Reconciling",
        "Progressing",
    )


def test_the_deadline_has_the_last_word() -> None:
    late = decided(CANARY, hold=Hold(Reason.PROGRESS_DEADLINE_EXCEEDED, "no progress since noon"))
    status = later(starting(PATIENT_PODS["CrashLoop"]), late, PATIENCE)

    assert working(status) == ("Stalled", "ProgressDeadlineExceeded")


MODEL = Reference("InferenceModel", "price")
NOT_READY = Unresolved(
    Reason.REFERENCE_NOT_READY, (Problem("spec.steps[price].modelRef", "", "price is not Ready"),)
)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("", "Reconciling"),
        ("Progressing", "Reconciling"),
        ("ReferenceNotReady", "Reconciling"),
        ("DigestMismatch", "Stalled"),
        ("ImagePullFailed", "Stalled"),
        ("Paused", "Stalled"),
        ("ScaledToZero", "Stalled"),
    ],
)
def test_a_resource_that_a_person_must_mend_stalls_its_pipeline(reason: str, expected: str) -> None:
    seen = with_inputs(observed(), references={MODEL: Referenced(reason=reason)})
    done = decided(RolloutState(), with_unit=False, unresolved=NOT_READY)

    assert working(later(seen, done))[0] == "Reconciling"
    assert working(later(seen, done, PATIENCE)) == (expected, "ReferenceNotReady")
