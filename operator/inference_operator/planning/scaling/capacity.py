"""Rule of capacity: the accelerators of the nodes, and one pod that waits for another node.

Nobody sees the accelerators that pods of others have, and other units grow at the same time. So the
room of the nodes is an estimate, and the scheduler's answer to our own pods corrects it.
"""

from dataclasses import replace

from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.scaling import Capacity
from inference_operator.domain.scaling_memory import Refusal, ScalingMemory
from inference_operator.planning.scaling.situation import Answer, Situation

WAITING = 1
"""Pods that may be Pending: without any, a cluster autoscaler would never add a node."""

REMEMBERED = 300.0
"""Seconds after the last refusal for which room that was refused does not count again."""


def capped(situation: Situation, size: int) -> Answer:
    """Return the size that the nodes can carry, with one pod more. The minimum holds whatever the
    nodes have.

    Of the pods that wait for a node, all but one are taken back: they serve nobody, and a cluster
    autoscaler would add a node for each. It takes no pod that ever had a node, and none while
    metrics are missing.
    """
    capacity = situation.given.surroundings.capacity
    if capacity is None:
        return Answer(size)
    room = _room(capacity, situation.memory)
    most = max(room + WAITING, _least(situation, capacity))
    if size <= most:
        return Answer(size)
    have = "node that may have them has" if capacity.nodes == 1 else "nodes that may have them have"
    words = (
        f"{counted(size, 'pod')} needed; the {capacity.nodes} {have} {capacity.resource} for"
        f" {room}, and one more pod may wait for a node"
    )
    return Answer(most, Reason.GPU_CAPACITY, words)


def with_refusal(memory: ScalingMemory, capacity: Capacity | None, now: float) -> ScalingMemory:
    """Return the memory with what the scheduler said of the unit's pods: how many had nodes, and
    how much room there seemed to be while one found none."""
    if capacity is None:
        return memory
    carried = max(memory.carried, min(capacity.placed, memory.size))
    refused = Refusal(now, capacity.free) if capacity.waiting else memory.refused
    if refused is not None and now - refused.at >= REMEMBERED:
        refused = None
    return replace(memory, carried=carried, refused=refused)


def _room(capacity: Capacity, memory: ScalingMemory) -> int:
    """Return the pods of the unit that have a node or will find one.

    >>> memory = ScalingMemory.beginning(3, 0.0)
    >>> _room(Capacity(3, 4, "nvidia.com/gpu", 2), memory)
    7
    >>> refused = with_refusal(memory, Capacity(3, 4, "nvidia.com/gpu", 2, waiting=1), 0.0)
    >>> _room(Capacity(4, 6, "nvidia.com/gpu", 2), refused)   # others have the room of 4
    6
    """
    refused = memory.refused.free if memory.refused else 0
    return capacity.placed + capacity.new + max(capacity.free - refused, 0)


def _least(situation: Situation, capacity: Capacity) -> int:
    """Return the pods that stay whatever the nodes have."""
    if capacity.waiting <= WAITING or situation.missing:
        return situation.current
    return max(min(situation.memory.carried, situation.current), situation.given.bounds.minimum)
