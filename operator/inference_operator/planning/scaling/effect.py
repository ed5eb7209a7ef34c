"""Rule about pods that change nothing: a target that no number of pods can keep.

A scale-up has an effect if the metric that asked for it fell by a tenth, or by half of what equal
shares would make it fall, where that is less; or if the pods answer a tenth more requests: then
load came, and did not go unanswered. It is judged once all its pods have values. After two without
effect, the metric asks for no more pods, until its value or the load changes.
"""

from dataclasses import replace

from inference_operator.api.reasons import Reason
from inference_operator.domain.scaling import MetricLoad
from inference_operator.domain.scaling_memory import Attempt, ScalingMemory
from inference_operator.planning.scaling.laws import Law, law_of
from inference_operator.planning.scaling.situation import Answer, Situation, Vote
from inference_operator.planning.scaling.texts import metric_words, shown

GAIN = 0.1
MOST_FAILURES = 2


def failures(attempt: Attempt | None, load: MetricLoad, rate: float | None) -> int:
    """Return how many scale-ups in a row have had no effect. One that cannot be judged has had one.

    >>> load = MetricLoad("Latency", value=9.5, pods=4, seen=4)
    >>> failures(Attempt(10.0, 100.0, 2, 4, failures=1), load, 100.0)
    2
    >>> failures(Attempt(10.0, 100.0, 2, 4, failures=1), load, 111.0)
    0
    """
    if attempt is None or load.value is None:
        return 0
    if load.seen < attempt.size:
        return attempt.failures
    if attempt.rate is None or rate is None or rate > attempt.rate * (1 + GAIN):
        return 0
    needed = min(GAIN, (1 - attempt.before / attempt.size) / 2) if attempt.size > 0 else GAIN
    return 0 if load.value <= attempt.value * (1 - needed) else attempt.failures + 1


def with_effect(vote: Vote, situation: Situation) -> Vote:
    """Return the vote, marked if pods that it would add are known to change nothing."""
    if vote.size is None or vote.size <= situation.current or law_of(vote.metric) is Law.TOTAL:
        return vote
    attempt = _standing(situation).get(vote.load.label)
    number = failures(attempt, vote.load, situation.given.load.rate)
    return replace(vote, is_ineffective=number >= MOST_FAILURES)


def effective(situation: Situation, size: int) -> Answer:
    """Return the size without the pods that would change nothing."""
    futile = [vote for vote in situation.votes if vote.is_ineffective]
    if not futile or size <= situation.current:
        return Answer(size)
    others = [vote.size or 0 for vote in situation.votes if not vote.is_ineffective]
    rest = min(size, max(situation.current, *others, 0))
    if rest == size:
        return Answer(size)
    return Answer(rest, Reason.INEFFECTIVE, _words(futile[0], situation))


def _words(vote: Vote, situation: Situation) -> str:
    attempt = situation.memory.attempts[vote.load.label]
    before, after = (shown(vote.metric, each) for each in (attempt.value, vote.load.value or 0.0))
    return (
        f"{metric_words(vote.metric)} was {before} before the last pods were added and is {after}:"
        f" {vote.size} pods would not reach {vote.metric.target} either; raise the target, or make"
        " the model faster"
    )


def _standing(situation: Situation) -> dict[str, Attempt]:
    """Return the attempts whose pods were not removed since: the others cannot be judged."""
    attempts = situation.memory.attempts
    return {label: each for label, each in attempts.items() if each.size <= situation.current}


def attempted(
    memory: ScalingMemory, situation: Situation, ruling: Vote | None, size: int
) -> ScalingMemory:
    """Return the memory with the scale-up to `size` that a metric has caused, and without those of
    metrics that ask for no more pods."""
    asking = {
        vote.load.label
        for vote in situation.votes
        if vote.size is None or vote.size > situation.current
    }
    attempts = {label: each for label, each in _standing(situation).items() if label in asking}
    if ruling is not None and size > memory.size and law_of(ruling.metric) is Law.RATIO:
        attempts[ruling.load.label] = _attempt(attempts, situation, ruling, size)
    return replace(memory, attempts=attempts)


def _attempt(
    attempts: dict[str, Attempt], situation: Situation, ruling: Vote, size: int
) -> Attempt:
    former = attempts.get(ruling.load.label)
    load, rate = ruling.load, situation.given.load.rate
    if former is not None and load.seen < former.size:
        # Its pods have no values yet: it goes on.
        return replace(former, size=size)
    before = situation.current
    return Attempt(load.value or 0.0, rate, before, size, failures(former, load, rate))
