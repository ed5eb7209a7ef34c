"""Rule of the bounds: they hold at once, without windows and policies."""

from inference_operator.api.reasons import Reason
from inference_operator.planning.scaling.situation import Answer, Situation


def bounded(situation: Situation, size: int) -> Answer:
    """Return the size within the bounds of now."""
    bounds = situation.given.bounds
    of_schedule = f" (schedule {', '.join(bounds.schedules)})" if bounds.schedules else ""
    if size > bounds.maximum:
        words = f"{size} pods asked for, at most {bounds.maximum}{of_schedule}: raise maxReplicas"
        return Answer(bounds.maximum, Reason.TOO_MANY_REPLICAS, words)
    if size < bounds.minimum:
        words = f"{size} pods would do, at least {bounds.minimum}{of_schedule}"
        return Answer(bounds.minimum, Reason.TOO_FEW_REPLICAS, words)
    return Answer(size)
