"""Rule of the fallback: after some time without a metric, at least so many pods."""

from inference_operator.api.reasons import Reason
from inference_operator.planning.scaling.capacity import capped
from inference_operator.planning.scaling.situation import Answer, Situation
from inference_operator.planning.scaling.texts import age_text


def has_fallen_back(situation: Situation) -> bool:
    """Return whether a metric has been missing for `fallback.after`."""
    fallback, since = situation.settings.fallback, situation.memory.missing_since
    if fallback is None or since is None:
        return False
    return situation.now - since >= fallback.after.total_seconds()


def fallen_back(situation: Situation, size: int) -> Answer:
    """Return the larger one of the size and of `fallback.replicas`, within bounds and capacity,
    once a metric has been missing for `fallback.after`. Back goes the ordinary way."""
    fallback, since = situation.settings.fallback, situation.memory.missing_since
    if fallback is None or since is None or not has_fallen_back(situation):
        return Answer(size)
    least = capped(situation, situation.within(fallback.replicas)).size
    if least <= size:
        return Answer(size)
    labels = ", ".join(load.label for load in situation.missing if load.is_missing)
    words = f"{labels} missing for {age_text(situation.now - since)}"
    return Answer(least, Reason.FALLBACK_REACHED, words)
