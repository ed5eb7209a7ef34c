"""`Available`: whether clients get responses."""

from collections.abc import Iterator

from inference_operator.api.conditions import ConditionType
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.traffic import Split, Traffic
from inference_operator.planning.status.conditions.inputs import ConditionDraft, ConditionInputs


def available_condition(inputs: ConditionInputs) -> Iterator[ConditionDraft]:
    serving = inputs.plan.rollout.state.serving
    if serving is None or inputs.replicas == 0:
        return
    if inputs.plan.has_no_service:
        conflicts = "; ".join(inputs.plan.blocked_by_conflicts.values())
        message = f"clients cannot reach revision {serving}: {conflicts}"
        yield ConditionDraft(ConditionType.AVAILABLE, False, Reason.CHILD_REFUSED, message)
        return
    holds, reason, message = _availability(inputs, serving)
    yield ConditionDraft(ConditionType.AVAILABLE, holds, reason, message)


def _availability(inputs: ConditionInputs, serving: str) -> tuple[bool, Reason, str]:
    """Return whether the serving revision answers, or another one in its place.

    A canary takes over if no pod of the stable revision answers. It counts as soon as all clients
    are led to it.
    """
    children = inputs.seen.children
    if children.ready_of(serving) > 0 or children.baseline_ready_of(serving) > 0:
        return True, Reason.MINIMUM_REPLICAS_AVAILABLE, f"revision {serving} answers its clients"
    message = f"no pod of revision {serving} answers"
    canary = inputs.plan.rollout.state.canary
    if canary == serving or not children.ready_of(canary):
        return False, Reason.NO_PODS_READY, message
    pods = f"{children.ready_of(canary)} of {counted(inputs.replicas, 'replica')}"
    if _has_all_clients(children.traffic, canary):
        answer = f"revision {canary} answers all clients on {pods}, since {message}"
        return True, Reason.MINIMUM_REPLICAS_AVAILABLE, answer
    moves = f"{message}; clients are being led to revision {canary}, which answers on {pods}"
    return False, Reason.NO_PODS_READY, moves


def _has_all_clients(traffic: Traffic, revision: str | None) -> bool:
    """Return whether all clients reach the revision now: a gateway must have taken that over."""
    is_effective = traffic.effective or traffic.split is not Split.ROUTE
    return is_effective and traffic.leads_to(revision) == 100
