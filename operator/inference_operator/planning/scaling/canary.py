"""Rule of a canary: inside a step, which counts on the pods that there are, none is removed."""

from inference_operator.domain.scaling import CanaryState
from inference_operator.planning.scaling.situation import Answer, Situation


def kept(situation: Situation, size: int) -> Answer:
    """Return the size; inside a step of a canary no less than now, but while it waits for a person:
    that may take days."""
    if situation.given.surroundings.canary is not CanaryState.RUNNING:
        return Answer(size)
    return Answer(max(size, situation.current))
