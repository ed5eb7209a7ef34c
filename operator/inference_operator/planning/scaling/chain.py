"""Chain of rules from a measured load to a number of pods. Their order is the policy.

Bounds come first, and hold whatever follows. Missing data come before the metrics, so that no later
rule removes a pod because of them. The fallback comes last: no window and no policy delays it.
"""

from dataclasses import dataclass, replace

from inference_operator.api.reasons import Reason
from inference_operator.domain.scaling import Limit, ScalingDecision, ScalingInput
from inference_operator.domain.scaling_memory import ScalingMemory
from inference_operator.planning.scaling.bounds import bounded
from inference_operator.planning.scaling.canary import kept
from inference_operator.planning.scaling.capacity import capped, with_refusal
from inference_operator.planning.scaling.desired import desired_size, ruling_vote, votes_of
from inference_operator.planning.scaling.effect import attempted, effective
from inference_operator.planning.scaling.explain import explained
from inference_operator.planning.scaling.fallback import fallen_back, has_fallen_back
from inference_operator.planning.scaling.missing import held, incomplete, may_shrink, remembered
from inference_operator.planning.scaling.pace import paced, stabilise
from inference_operator.planning.scaling.policies import longest_period
from inference_operator.planning.scaling.situation import Answer, Rule, Situation
from inference_operator.planning.scaling.texts import view_of

RULES: tuple[tuple[str, Rule], ...] = (
    ("bounds", bounded),
    ("missing", held),
    ("desired", desired_size),
    ("effect", effective),
    ("stabilise", stabilise),
    ("policies", paced),
    ("capacity", capped),
    ("canary", kept),
    ("fallback", fallen_back),
)
_LIMITS = ("desired", "effect", "capacity")
# The size after this rule is what the metrics ask for: it is remembered for the windows.
_RECOMMENDS = "effect"


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer of each rule, by its name."""

    answers: dict[str, Answer]

    @property
    def size(self) -> int:
        return next(reversed(self.answers.values())).size

    @property
    def limited(self) -> Limit | None:
        """The last rule that has kept the size from what the metrics ask for."""
        answers = [self.answers[name] for name in _LIMITS]
        limits = [each.limit for each in answers if each.size == self.size]
        return next((limit for limit in reversed(limits) if limit), None)


def decide(
    memory: ScalingMemory, given: ScalingInput, now: float
) -> tuple[ScalingMemory, ScalingDecision]:
    """Return the number of pods, and the memory for the next decision.

    `now` is in seconds of a clock that no adjustment of the wall clock moves.

    Raises:
        ValueError: if the load has not one value for each metric of the settings.
    """
    situation = situation_of(memory, given, now)
    trace = traced(situation)
    ruling = ruling_vote(situation)
    decision = ScalingDecision(
        size=trace.size,
        before=memory.size,
        reason=_reason(memory.size, trace, situation),
        message=explained(memory.size, trace.answers, situation, ruling),
        limited=trace.limited,
        holds=trace.answers["missing"].limit,
        metrics=tuple(view_of(vote, situation.memory, now) for vote in situation.votes),
        is_idle=_is_idle(situation),
        has_fallen_back=has_fallen_back(situation),
    )
    return _after(situation, trace), decision


def situation_of(memory: ScalingMemory, given: ScalingInput, now: float) -> Situation:
    """Return what the rules decide in."""
    memory = with_refusal(remembered(memory, given, now), given.surroundings.capacity, now)
    bounds = given.bounds
    current = min(max(memory.size, bounds.minimum), bounds.maximum)
    shrinks = may_shrink(memory, given.settings, now)
    situation = Situation(given, memory, now, current, (), incomplete(given), shrinks)
    return replace(situation, votes=votes_of(situation))


def traced(situation: Situation) -> Trace:
    """Return what each rule makes of the size after the one before it."""
    answers: dict[str, Answer] = {}
    size = situation.memory.size
    for name, rule in RULES:
        answers[name] = rule(situation, size)
        size = answers[name].size
    return Trace(answers)


def _after(situation: Situation, trace: Trace) -> ScalingMemory:
    behavior, now = situation.settings.behavior, situation.now
    window = max(
        behavior.scale_up.stabilization_window_seconds,
        behavior.scale_down.stabilization_window_seconds,
    )
    period = max(longest_period(behavior.scale_up), longest_period(behavior.scale_down))
    memory = situation.memory.recommending(trace.answers[_RECOMMENDS].size, now, window)
    led = trace.size > situation.current and trace.answers["fallback"].reason is None
    memory = attempted(memory, situation, ruling_vote(situation) if led else None, trace.size)
    return memory.resized(trace.size, now, period)


def _is_idle(situation: Situation) -> bool:
    return all(vote.load.is_idle for vote in situation.votes)


def _reason(before: int, trace: Trace, situation: Situation) -> Reason:
    if trace.answers["fallback"].reason is not None:
        return Reason.FALLBACK_REACHED
    if trace.size != before:
        return Reason.SCALED_UP if trace.size > before else Reason.SCALED_DOWN
    holds = trace.answers["missing"].reason
    if holds is not None:
        return holds
    if _is_idle(situation):
        return Reason.IDLE
    return trace.limited.reason if trace.limited is not None else Reason.VALID_METRIC_FOUND
