"""Rules about the speed of a change: stabilisation windows, policies, and the time of a load."""

from dataclasses import replace

from inference_operator.planning.scaling.policies import highest, lowest
from inference_operator.planning.scaling.situation import Answer, Situation
from inference_operator.planning.scaling.stabilise import stabilised

LONGEST_LOAD_TIME = 600.0
"""Seconds. A status may be edited."""


def stabilise(situation: Situation, size: int) -> Answer:
    """Return the size that the recommendations of the windows allow.

    It is no less than now until data have been whole for a full window; and after a scale-up no
    more for one load time, since the pods that load are not measured yet.
    """
    behavior = situation.settings.behavior
    memory = replace(situation.memory, size=situation.current)
    # What was recommended before an edit of the bounds may lie outside them.
    size = situation.within(stabilised(behavior, memory, size, situation.now))
    is_early = size < situation.current and not situation.may_shrink
    if is_early or (size > situation.current and _is_loading(situation)):
        return Answer(situation.current)
    return Answer(size)


def paced(situation: Situation, size: int) -> Answer:
    """Return the size that the policies allow. A bound that was edited needs no policy."""
    current, now = situation.current, situation.now
    behavior, events = situation.settings.behavior, situation.memory.events
    if size > current:
        return Answer(min(size, highest(behavior.scale_up, current, events, now)))
    if size < current:
        return Answer(max(size, lowest(behavior.scale_down, current, events, now)))
    return Answer(size)


def _is_loading(situation: Situation) -> bool:
    load_time = min(situation.given.surroundings.load_time or 0.0, LONGEST_LOAD_TIME)
    last_up = situation.memory.last_up
    return last_up is not None and situation.now - last_up < load_time
