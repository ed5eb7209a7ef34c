"""`Stalled`: why the unit does not become Ready by itself."""

from datetime import datetime, timedelta

from inference_operator.api.conditions import ConditionStatus, ConditionType
from inference_operator.api.reasons import PROSPECTS, UNDER_WAY, Prospect, Reason
from inference_operator.api.status import UnitStatus
from inference_operator.planning.status.conditions.inputs import ConditionDraft, ConditionInputs
from inference_operator.planning.status.conditions.next_try import next_try

PATIENCE = timedelta(seconds=20)
"""Time for a problem that another apply may solve: manifests of one folder come one by one."""

# The kubelet's word for an image reference that no registry can have.
_INVALID_IMAGE = "InvalidImageName"


def stalled_condition(inputs: ConditionInputs, ready: ConditionDraft) -> ConditionDraft | None:
    """Return the condition at once if nothing changes by itself, or after `PATIENCE` if another
    apply may solve the problem."""
    if ready.holds:
        return None
    kind, hold = ConditionType.STALLED, inputs.plan.rollout.hold
    is_final = hold is not None and PROSPECTS[hold.reason] is Prospect.NEVER_BY_ITSELF
    if hold is not None and is_final and _is_of_the_rollout(inputs, ready):
        cause = f": {inputs.diagnosis.message}" if inputs.diagnosis else ""
        return ConditionDraft(kind, True, hold.reason, hold.message + cause)
    since = problem_since(inputs, ready)
    if since is None:
        return None
    is_final = _prospect(inputs, ready) is Prospect.NEVER_BY_ITSELF
    if is_final or inputs.now - since >= PATIENCE:
        message = ready.message + next_try(ready.reason, inputs.record)
        return ConditionDraft(kind, True, ready.reason, message)
    return None


def problem_since(inputs: ConditionInputs, ready: ConditionDraft) -> datetime | None:
    """Return since when a problem keeps the unit from becoming Ready; None without a problem.

    A new generation starts again: the edit, or what was applied with it, may be the solution.
    """
    if ready.holds or _prospect(inputs, ready) is Prospect.UNDER_WAY:
        return None
    status, now = inputs.seen.status, inputs.now
    if status.observed_generation != inputs.seen.generation:
        return now
    since = status.problem_since or _reported_since(status, ready)
    # Only an edited status has a time in the future.
    return min(since, now) if since else now


def until_stalled(status: UnitStatus, now: datetime) -> timedelta | None:
    """Return when to look again at a problem that is not `Stalled` yet."""
    if status.problem_since is None or status.condition(ConditionType.STALLED) is not None:
        return None
    return max(status.problem_since + PATIENCE - now, timedelta(0))


def _reported_since(status: UnitStatus, ready: ConditionDraft) -> datetime | None:
    """Return the time of a status without `problemSince`: earlier operators, and the API server
    with an earlier CRD, do not have the field."""
    was = status.condition(ConditionType.READY)
    is_same = was is not None and (was.status, was.reason) == (ConditionStatus.FALSE, ready.reason)
    if was is None or not is_same or ready.reason in UNDER_WAY:
        return None
    return was.last_transition_time


def _prospect(inputs: ConditionInputs, ready: ConditionDraft) -> Prospect:
    reason = ready.reason
    if reason is Reason.REFERENCE_NOT_READY and _waits_for_a_person(inputs):
        return Prospect.AFTER_A_WHILE
    if reason is Reason.IMAGE_PULL_FAILED and _has_invalid_image(inputs):
        return Prospect.NEVER_BY_ITSELF
    return PROSPECTS.get(reason, Prospect.AFTER_A_WHILE)


def _waits_for_a_person(inputs: ConditionInputs) -> bool:
    """Return whether a referenced resource without a stable revision has a problem itself."""
    references = inputs.seen.inputs.references.values()
    reasons = (other.reason for other in references if other.stable is None)
    return any(reason and reason not in UNDER_WAY for reason in reasons)


def _has_invalid_image(inputs: ConditionInputs) -> bool:
    pods = inputs.seen.children.pods_of(inputs.record.revision) if inputs.record else ()
    containers = (container for pod in pods for container in (pod.loader, pod.triton))
    return any(c is not None and c.waiting_reason == _INVALID_IMAGE for c in containers)


def _is_of_the_rollout(inputs: ConditionInputs, ready: ConditionDraft) -> bool:
    """Return whether Ready speaks of the rollout, and not of the spec or a refused child."""
    diagnosis = inputs.diagnosis
    is_diagnosed = diagnosis is not None and ready.reason is diagnosis.reason
    hold = inputs.plan.rollout.hold
    return is_diagnosed or (hold is not None and ready.reason is hold.reason)
