"""Rule of the metrics: the one that asks for the most pods rules."""

from inference_operator.planning.scaling.bounds import bounded
from inference_operator.planning.scaling.effect import with_effect
from inference_operator.planning.scaling.laws import Tolerances, desired
from inference_operator.planning.scaling.situation import Answer, Situation, Vote


def votes_of(situation: Situation) -> tuple[Vote, ...]:
    """Return what each metric asks for.

    Raises:
        ValueError: if the load has not one value for each metric.
    """
    tolerances = Tolerances.of(situation.settings)
    pairs = zip(situation.settings.metrics, situation.given.load.metrics, strict=True)
    return tuple(
        with_effect(
            Vote(metric, load, desired(metric, load, situation.current, tolerances)), situation
        )
        for metric, load in pairs
    )


def desired_size(situation: Situation, size: int) -> Answer:
    """Return the largest number that a metric asks for, within the bounds; `size` without any.

    It is no less than now while data are missing, and where only metrics ask for less that never
    remove pods.
    """
    sizes = [vote.size for vote in situation.votes if vote.size is not None]
    most = max(sizes, default=size)
    removes = any(not vote.metric.only_adds for vote in situation.votes)
    if situation.missing or not removes:
        most = max(most, situation.current)
    return bounded(situation, most)


def ruling_vote(situation: Situation) -> Vote | None:
    """Return the vote for the most pods, of those that have an effect; None without a value."""
    votes = [vote for vote in situation.votes if vote.size is not None]
    return max(votes, key=lambda vote: (not vote.is_ineffective, vote.size or 0), default=None)
