"""Numbers of pods: no other module of planning computes one."""

from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.sizes import Sizes


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
    if deployment := seen.deployments.get(serving):
        return deployment.replicas
    stable = seen.status.stable
    return stable.replicas if stable is not None and stable.revision == serving else 0


def _pods_of(seen: Observed, state: RolloutState, revision: str, unit: int) -> int:
    """Return the number of pods; the previous revision gets no more than it has."""
    deployment = seen.deployments.get(revision)
    if revision != state.previous or deployment is None:
        return unit
    return min(unit, deployment.replicas)
