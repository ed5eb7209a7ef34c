"""Numbers of pods: no other module of planning computes one."""

from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.sizes import Sizes

MOST_REPORTED = 1000
"""A status may be edited: a size that is read from it is no larger."""


def sizes(seen: Observed, state: RolloutState, unit: int) -> Sizes:
    """Return the pods of each live revision; one needs `unit` pods to serve all clients."""
    return Sizes(unit, {revision: _pods_of(seen, state, revision, unit) for revision in state.live})


def last_size(seen: Observed, state: RolloutState) -> int:
    """Return the size that the unit has, while its spec names none that is valid.

    An invalid edit must not change what serves, not even by a default that it brings along.
    """
    serving = state.serving
    if serving is None:
        return 0
    shown = (seen.status.stable, seen.status.canary)
    reported = [view.replicas for view in shown if view is not None and view.revision == serving]
    deployment = seen.deployments.get(serving)
    last = next((number for number in reported if number), 0)
    return min(last, MOST_REPORTED) or (deployment.replicas if deployment else 0)


def _pods_of(seen: Observed, state: RolloutState, revision: str, unit: int) -> int:
    """Return the number of pods; the previous revision gets no more than it has, unless the spec
    went back to it."""
    deployment = seen.deployments.get(revision)
    if revision != state.previous or revision == state.canary or deployment is None:
        return unit
    return min(unit, deployment.replicas)
