"""The rollout's state, read from the status and the Service."""

from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import RolloutState


def rollout_state_of(seen: Observed) -> RolloutState:
    """Read the state from the status, without revisions that no longer exist.

    If the status was lost, the revision that the Service selects is stable, if any of its pods is
    ready.
    """
    status = seen.status
    # A revision whose record was deleted by hand still has its pods: clients stay with it.
    existing = {*seen.children.revisions, *seen.children.deployments}
    stable = status.stable.revision if status.stable else None
    canary = status.canary.revision if status.canary else None
    if status.observed_generation is None:
        served = seen.children.traffic.selected
        stable = served if seen.children.ready_of(served) else None
    rollout = status.rollout
    return RolloutState(
        stable=stable if stable in existing else None,
        canary=canary if canary in existing else None,
        since=rollout.since if rollout else None,
        progress=rollout.ready if rollout else 0,
        previous=rollout.previous if rollout and rollout.previous in existing else None,
        promoted_at=rollout.promoted_at if rollout else None,
    )
