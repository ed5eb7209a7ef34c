"""Where the rollout stands, from what was seen: the status says it, and the Service."""

from dataclasses import replace

from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.plan import Plan


def position_of(seen: Observed) -> RolloutState:
    """Where the rollout stands, without revisions that no longer exist.

    The status says it. Where it was lost, the revision that the Service selects is the stable one,
    if its model answers anybody.
    """
    status = seen.status
    # A revision whose record was deleted by hand still has its pods: clients stay with it.
    known = {*seen.revisions, *seen.deployments}
    stable = status.stable.revision if status.stable else None
    candidate = status.candidate.revision if status.candidate else None
    if status.observed_generation is None:
        stable = seen.served_revision if seen.ready_of(seen.served_revision) else None
    rollout = status.rollout
    found = RolloutState(
        stable=stable if stable in known else None,
        candidate=candidate if candidate in known else None,
        since=rollout.since if rollout else None,
        progress=rollout.ready if rollout else 0,
        previous=rollout.previous if rollout and rollout.previous in known else None,
        promoted_at=rollout.promoted_at if rollout else None,
    )
    return _as_clients_see_it(found, seen.served_revision)


def as_carried_out(plan: Plan, served: str | None) -> Plan:
    """The plan as far as it came true: without its promotion, where the Service, which now selects
    `served`, was not moved."""
    position = _as_clients_see_it(plan.position, served)
    if position == plan.position:
        return plan
    decisions = tuple(one for one in plan.decisions if one.reason is not Reason.PROMOTED)
    return replace(plan, position=position, decisions=decisions)


def _as_clients_see_it(position: RolloutState, served: str | None) -> RolloutState:
    """A promotion whose write of the Service was refused has not happened: it is decided anew, by
    who answers then."""
    if position.previous is None or served != position.previous:
        return position
    promoted = position.candidate or position.stable
    return RolloutState(stable=served, candidate=promoted, since=position.promoted_at)
