"""The rollout's state, read from the status and the Service."""

from dataclasses import replace
from typing import Any

from inference_operator.api.canary import MOST_STEPS
from inference_operator.api.decision_status import DecisionKind
from inference_operator.api.reasons import Reason
from inference_operator.api.rollout_status import (
    ABORT_MESSAGE_LENGTH,
    REVISION_LENGTH,
    AbortStatus,
    RolloutStatus,
)
from inference_operator.api.status import UnitStatus
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.observed import Children, Observed
from inference_operator.domain.rollout_state import BaselineState, RolloutState, last_decision


def rollout_state_of(seen: Observed) -> RolloutState:
    """Read the state from the status, without revisions that no longer exist.

    If the status was lost, or names no stable revision, the live objects do; see
    `_stable_without_status`.
    """
    status = seen.status
    # A revision whose record was deleted by hand still has its pods: clients stay with it.
    existing = {*seen.children.revisions, *seen.children.deployments}
    stable = status.stable.revision if status.stable else None
    canary = status.canary.revision if status.canary else None
    if stable is None or status.observed_generation is None:
        named = _stable_without_status(seen.children)
        # The first revision becomes stable by its promotion only.
        is_first = status.observed_generation is not None and named == canary
        stable = None if is_first else named
    rollout = status.rollout
    return RolloutState(
        stable=stable if stable in existing else None,
        canary=canary if canary in existing else None,
        since=rollout.since if rollout else None,
        progress=rollout.ready if rollout else 0,
        previous=rollout.previous if rollout and rollout.previous in existing else None,
        promoted_at=rollout.promoted_at if rollout else None,
        aborted=_aborted(status),
        analysis=status.analysis,
        baseline=_baseline(status),
        **_steps_of(rollout),
    )


def _stable_without_status(children: Children) -> str | None:
    """Return the revision that is stable by what the live objects say; None if none is.

    The first of these rules that names one decides, so that no canary becomes stable because a
    status is lost. The first two hold also while its pods do not answer:

    1. Behind a gateway, what NAME-stable selects.
    2. Where the Service selects the pods of two revisions, the one that its label names.
    3. The revision with the largest share of the clients; of equal shares, the older one.
    """
    traffic = children.traffic
    if traffic.stable in children.deployments:
        return traffic.stable
    numbers = {name: record.number for name, record in children.revisions.items()}
    served = max(
        sorted(traffic.weights),
        key=lambda name: (traffic.weights[name], -numbers.get(name, 0)),
        default=None,
    )
    return served if children.ready_of(served) else None


def _steps_of(rollout: RolloutStatus | None) -> dict[str, Any]:
    """Return the position in the steps, and the commands of people that were acted on."""
    if rollout is None:
        return {}
    return {
        "step": min(rollout.current_step_index or 0, MOST_STEPS),
        "step_hash": rollout.current_step_hash or "",
        "step_since": rollout.step_since,
        "cleared": rollout.cleared_step_index,
        "handled": rollout.handled,
    }


def _baseline(status: UnitStatus) -> BaselineState | None:
    shown = status.baseline
    return BaselineState(shown.revision, shown.since, shown.late_at) if shown else None


def _aborted(status: UnitStatus) -> AbortStatus | None:
    """Return the rollout that was aborted last. If `status.rollout` was lost, the last decision
    tells: what was judged bad must not replace what serves again."""
    if status.rollout is not None:
        return status.rollout.aborted
    last = last_decision(status, DecisionKind.ROLLOUT)
    if last is None or last.reason != Reason.ROLLOUT_ABORTED or last.source is None:
        return None
    return AbortStatus(
        revision=last.source[:REVISION_LENGTH],
        time=last.time,
        reason=Reason.ROLLOUT_ABORTED.value,
        message=truncate(last.message, ABORT_MESSAGE_LENGTH),
    )


def completed(seen: Observed, state: RolloutState, target: str | None) -> RolloutState:
    """Return the state with what the status says of a target, or the Service without one.

    Nothing of a canary may exist yet, because its writes are refused or still wait. An API server
    that has the CRD of before keeps the decision, though not `status.canary`.
    """
    if target is None:
        served = seen.children.traffic.selected
        is_all = state.serving is None and served in seen.children.deployments
        # What clients reach is kept, though no pod of it may answer at this moment.
        return replace(state, stable=served) if is_all else state
    if state.canary is not None or target == state.stable:
        return state
    canary, last = seen.status.canary, last_decision(seen.status, DecisionKind.ROLLOUT)
    named = canary.revision if canary else None
    decided = last.target if last and last.reason == Reason.REVISION_CREATED else None
    return replace(state, canary=target) if target in (named, decided) else state
