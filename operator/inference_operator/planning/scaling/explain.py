"""Explanation of a decision: why the number of pods changes, or stays, as one sentence."""

from collections.abc import Mapping

from inference_operator.api.autoscaling_status import WHY_LENGTH
from inference_operator.api.quoting import counted
from inference_operator.domain.message_limits import truncate
from inference_operator.planning.scaling.situation import Answer, Situation, Vote
from inference_operator.planning.scaling.texts import age_text, vote_words


def explained(
    before: int, answers: Mapping[str, Answer], situation: Situation, ruling: Vote | None
) -> str:
    """Return the sentence, of at most `WHY_LENGTH` characters."""
    size = answers["fallback"].size
    why = _why(before, answers, situation, ruling)
    if size != before:
        return truncate(f"{before} -> {size}: {why}", WHY_LENGTH)
    return truncate(why if answers["missing"].message else _stays(size, why), WHY_LENGTH)


def _why(
    before: int, answers: Mapping[str, Answer], situation: Situation, ruling: Vote | None
) -> str:
    size = answers["fallback"].size
    if answers["fallback"].message:
        return answers["fallback"].message
    if size == situation.current and answers["bounds"].message:
        return answers["bounds"].message
    if size == before and answers["missing"].message:
        return answers["missing"].message
    words = vote_words(ruling, situation.current) if ruling else "no metric has a value"
    load_time = situation.given.surroundings.load_time
    if size > before and load_time is not None:
        words += f" (load time {age_text(load_time)})"
    limits = [answers[name] for name in ("desired", "effect", "capacity")]
    return "; ".join(
        [words, *(each.message for each in limits if each.size == size and each.reason)]
    )


def _stays(size: int, why: str) -> str:
    return f"{counted(size, 'pod')}: {why}"
