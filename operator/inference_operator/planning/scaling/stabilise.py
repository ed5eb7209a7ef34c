"""Stabilisation windows: the most careful recommendation of the last time rules."""

from inference_operator.api.autoscaling_behavior import Behavior
from inference_operator.domain.scaling_memory import Recommendation, ScalingMemory


def stabilised(behavior: Behavior, memory: ScalingMemory, size: int, now: float) -> int:
    """Return the size that the recommendations of both windows allow.

    More pods than now need that all recommendations of the window for more pods asked for them, and
    fewer that all of the window for fewer did.

    >>> memory = ScalingMemory.beginning(5, 0.0)
    >>> stabilised(Behavior(), memory, 2, 299.0), stabilised(Behavior(), memory, 2, 300.0)
    (5, 2)
    >>> stabilised(Behavior(), memory, 9, 1.0)
    9
    """
    ups = _since(memory, now - behavior.scale_up.stabilization_window_seconds)
    downs = _since(memory, now - behavior.scale_down.stabilization_window_seconds)
    least = min([size, *(each.lowest for each in ups)])
    most = max([size, *(each.highest for each in downs)])
    return min(max(memory.size, least), most)


def _since(memory: ScalingMemory, time: float) -> tuple[Recommendation, ...]:
    return tuple(each for each in memory.recommendations if each.at > time)
