"""Numbers of pods: no other module of planning computes one."""

from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.sizes import Sizes
from inference_operator.domain.tracks import Role, Track, Tracks
from inference_operator.validation.invalid import Invalid

MOST_REPORTED = 1000
"""A status may be edited: a size that is read from it is no larger."""


def unit_size(seen: Observed, state: RolloutState, invalid: Invalid | None) -> int:
    """Return the pods that one revision needs to serve all clients.

    The spec says how many. What the allow-lists refuse is well-formed, so its size is meant.
    Another invalid spec names none: the unit keeps its last size.
    """
    if is_illegible(invalid):
        return last_size(seen, state)
    replicas: int = seen.spec.get("replicas", 1)
    return replicas


def is_illegible(invalid: Invalid | None) -> bool:
    """Return whether the spec is invalid so that not even its size can be believed."""
    return invalid is not None and invalid.reason is not Reason.NOT_ALLOWED


def sizes(seen: Observed, tracks: Tracks, unit: int) -> Sizes:
    """Return the pods of each track; a revision needs `unit` pods to serve all clients."""
    return Sizes(unit, {track.revision: _pods_of(seen, track, unit) for track in tracks.items})


def last_size(seen: Observed, state: RolloutState) -> int:
    """Return the size that the unit has, while its spec names none that is valid.

    An invalid edit must not change what serves, not even by a default that it brings along.
    """
    serving = state.serving
    if serving is None:
        return 0
    shown = (seen.status.stable, seen.status.canary)
    reported = [view.replicas for view in shown if view is not None and view.revision == serving]
    deployment = seen.children.deployments.get(serving)
    last = next((number for number in reported if number), 0)
    return min(last, MOST_REPORTED) or (deployment.replicas if deployment else 0)


def _pods_of(seen: Observed, track: Track, unit: int) -> int:
    """Return the number of pods; the previous revision gets no more than it has."""
    deployment = seen.children.deployments.get(track.revision)
    if track.role is not Role.PREVIOUS or deployment is None:
        return unit
    return min(unit, deployment.replicas)
