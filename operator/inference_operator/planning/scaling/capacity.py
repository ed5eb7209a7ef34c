"""Rule of capacity: the accelerators of the nodes, and one pod that waits for another node."""

from inference_operator.api.reasons import Reason
from inference_operator.planning.scaling.situation import Answer, Situation

WAITING = 1
"""Pods that may be Pending: without any, a cluster autoscaler would never add a node."""


def capped(situation: Situation, size: int) -> Answer:
    """Return the size that the nodes can carry, with one pod more. It takes no pod away, and the
    minimum holds whatever the nodes have."""
    capacity = situation.given.surroundings.capacity
    if capacity is None:
        return Answer(size)
    most = max(max(capacity.pods, 0) + WAITING, situation.current)
    if size <= most:
        return Answer(size)
    words = (
        f"{size} pods needed; the {capacity.nodes} nodes that may have them have"
        f" {capacity.resource} for {capacity.pods}, and one more pod may wait for a node"
    )
    return Answer(most, Reason.GPU_CAPACITY, words)
