"""The steps of a canary: what each asks for, and when it ends."""

from dataclasses import dataclass, replace
from datetime import timedelta

from inference_operator.api.base import format_duration
from inference_operator.api.canary import CanaryScale, CanaryStep
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.commands import Verb
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.domain.sizes import Pair
from inference_operator.domain.traffic import Split
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.sizing import held_pair, pair_of
from inference_operator.planning.transition import Hold, Transition


@dataclass(frozen=True, slots=True)
class _Wait:
    """What a step waits for."""

    hold: Hold
    left: timedelta | None = None
    """How long at most, if only time has to pass."""


def weight_at(steps: tuple[CanaryStep, ...], index: int) -> int:
    """Return the percentage of the requests that the canary shall get at a step.

    >>> steps = (CanaryStep(set_weight=10), CanaryStep(pause={}), CanaryStep(set_weight=50))
    >>> [weight_at(steps, index) for index in range(4)]
    [10, 10, 50, 100]
    """
    if index >= len(steps):
        return 100
    weights = [step.set_weight for step in steps[: index + 1] if step.set_weight is not None]
    return weights[-1] if weights else 0


def scale_at(steps: tuple[CanaryStep, ...], index: int, split: Split) -> CanaryScale | None:
    """Return the `setCanaryScale` that holds at a step.

    Where the pods divide the requests, a later `setWeight` ends it.
    """
    if index >= len(steps):
        return None
    scale = None
    for step in steps[: index + 1]:
        if step.set_canary_scale is not None:
            scale = step.set_canary_scale
        elif step.set_weight is not None and split is Split.REPLICAS:
            scale = None
    return scale


def pair_at(state: RolloutState, facts: RolloutFacts) -> Pair | None:
    """Return the pods that the present step asks for; None if the rollout has no steps."""
    canary = facts.settings.canary
    if canary is None or not facts.steps or state.canary is None or state.stable is None:
        return None
    if facts.is_alone(state.canary, state.stable):
        return Pair(facts.replicas, facts.replicas)
    split, index = facts.settings.split, state.step
    scale = scale_at(facts.steps, index, split)
    pair = pair_of(facts.replicas, weight_at(facts.steps, index), canary, split, scale)
    return held(pair, state, facts)


def held(pair: Pair, state: RolloutState, facts: RolloutFacts) -> Pair:
    """Return the pods; while rollouts are frozen and pods divide the requests, those that give the
    canary no more of them."""
    is_divided = facts.settings.split is Split.REPLICAS and facts.traffic.split is Split.REPLICAS
    if not (facts.freeze and is_divided and 0 < facts.traffic.leads_to(state.canary) < 100):
        return pair
    return held_pair(pair, facts.replicas, facts.ready_of(state.canary))


def needed_pods(state: RolloutState, facts: RolloutFacts) -> int:
    """Return the canary's pods that must answer before its share may rise."""
    pair = pair_at(state, facts)
    return facts.replicas if pair is None else pair.canary


def answers_on(state: RolloutState, facts: RolloutFacts) -> str:
    """Return a part of a sentence about the canary: `its model answers on 1 of 2 pods`."""
    needed = counted(needed_pods(state, facts), "pod")
    return f"its model answers on {facts.ready_of(state.canary)} of {needed}"


def restarted(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Return to the first step if the steps were edited: their say is needed for each weight."""
    if state.step_hash == facts.step_hash:
        return Transition(state)
    earlier = facts.commands.about(state.canary or "")
    fresh = replace(
        state,
        step=0,
        step_hash=facts.step_hash,
        step_since=facts.now,
        since=facts.now,
        handled=tuple(dict.fromkeys((*state.handled, *earlier))),
    )
    count = len(facts.steps)
    goes_on = f"starts again at step 1 of {count}" if count else "goes on without steps"
    decision = Decision(
        Reason.STEPS_CHANGED,
        f"the steps of the rollout were edited: revision {state.canary} {goes_on}",
        str(state.step + 1),
        "1" if count else None,
    )
    return Transition(fresh, (decision,))


def walk(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Go on to the first step that still waits for something, or behind the last one."""
    decisions: list[Decision] = []
    while state.step < len(facts.steps):
        wait = _wait(state, facts)
        if wait is not None:
            state, skipped = _promoted_by_hand(state, facts)
            if skipped is None:
                return Transition(state, tuple(decisions), hold=wait.hold, wake_after=wait.left)
            decisions.append(skipped)
            continue
        decisions.append(_completed(state, facts))
        state = _next(state, facts, state.step + 1)
    return Transition(state, tuple(decisions))


def position(state: RolloutState, facts: RolloutFacts) -> str:
    """Return where the rollout stands: `step 2 of 5: pause until promoted`."""
    if state.step >= len(facts.steps):
        return f"after step {len(facts.steps)} of {len(facts.steps)}"
    step = facts.steps[state.step]
    return f"step {state.step + 1} of {len(facts.steps)}: {describe(step)}"


def describe(step: CanaryStep) -> str:
    """Return a step in the words of its field."""
    if step.set_weight is not None:
        return f"setWeight {step.set_weight}"
    if step.pause is not None:
        duration = step.pause.duration
        return f"pause {format_duration(duration)}" if duration is not None else "pause"
    if step.set_canary_scale is not None:
        scale = step.set_canary_scale.model_dump(by_alias=True, exclude_none=True)
        return "setCanaryScale " + ", ".join(f"{name} {value}" for name, value in scale.items())
    return "analysis"


def shares_sentence(state: RolloutState, facts: RolloutFacts) -> str:
    """Return which revision gets how much, as it is observed."""
    share = facts.traffic.leads_to(state.canary)
    weight = weight_at(facts.steps, state.step)
    canary = facts.short_name_of(state.canary or "")
    if facts.settings.split is Split.REPLICAS and 0 < share < 100:
        ready = facts.ready_of(state.canary)
        pods = ready + facts.ready_of(state.stable)
        return (
            f"revision {canary} gets {share} % of new connections ({ready} of"
            f" {counted(pods, 'ready pod')}; wanted {weight} %), revision {state.stable} the rest"
        )
    return (
        f"revision {canary} gets {share} % of the requests, revision {state.stable} {100 - share} %"
    )


def _next(state: RolloutState, facts: RolloutFacts, step: int) -> RolloutState:
    return replace(state, step=step, step_since=facts.now, since=facts.now)


def _wait(state: RolloutState, facts: RolloutFacts) -> _Wait | None:
    """Return what the present step waits for; None if it is complete."""
    step = facts.steps[state.step]
    if step.pause is not None:
        return _pause(state, facts, step.pause.duration)
    if step.analysis is not None:
        message = (
            f"{shares_sentence(state, facts)}; {position(state, facts)}: this version of the"
            " operator cannot judge metrics; promote the revision or abort it yourself"
        )
        return _Wait(Hold(Reason.ANALYSIS_UNAVAILABLE, message))
    ready, needed = facts.ready_of(state.canary), needed_pods(state, facts)
    if ready >= needed and (step.set_weight is None or _has_share(state, facts, step.set_weight)):
        return None
    message = f"{shares_sentence(state, facts)}; {position(state, facts)}: {_missing(state, facts)}"
    return _Wait(Hold(Reason.PROGRESSING, message))


def _missing(state: RolloutState, facts: RolloutFacts) -> str:
    """Return what a setWeight or a setCanaryScale still waits for."""
    if facts.ready_of(state.canary) < needed_pods(state, facts):
        return answers_on(state, facts)
    if facts.traffic.trouble:
        return facts.traffic.trouble
    if facts.strangers and facts.settings.split is Split.REPLICAS:
        return f"pods of revision {min(facts.strangers)} must end first"
    return "clients are being moved"


def _has_share(state: RolloutState, facts: RolloutFacts, weight: int) -> bool:
    """Return whether clients are led to the canary as the step says."""
    share = facts.traffic.leads_to(state.canary)
    if facts.settings.split is Split.REPLICAS and weight < 100:
        return share > 0
    return share == weight and facts.traffic.effective


def _pause(state: RolloutState, facts: RolloutFacts, duration: timedelta | None) -> _Wait | None:
    message = f"{shares_sentence(state, facts)}; {position(state, facts)}"
    if duration is None:
        waits = f"{message} until somebody promotes revision {state.canary}"
        return _Wait(Hold(Reason.PAUSED, waits))
    left = duration - (facts.now - (state.step_since or facts.now))
    if left > timedelta(0):
        return _Wait(Hold(Reason.PROGRESSING, message), left)
    if facts.ready_of(state.canary) < needed_pods(state, facts):
        waits = f"{message} is over: {_missing(state, facts)}"
        return _Wait(Hold(Reason.PROGRESSING, waits))
    return None


def _promoted_by_hand(
    state: RolloutState, facts: RolloutFacts
) -> tuple[RolloutState, Decision | None]:
    """End the step, or all steps, if a person said so."""
    canary, commands = state.canary or "", facts.commands
    if not commands.ends_step(canary, state.step):
        return state, None
    command = commands.shown(Verb.PROMOTE)
    if command in state.handled:
        return state, None
    ends_all = commands.skips_steps(canary)
    after = len(facts.steps) if ends_all else state.step + 1
    where = position(state, facts)
    ended = f"{where}, and all steps behind it" if ends_all else where
    decision = Decision(
        Reason.STEP_COMPLETED,
        f"somebody promoted revision {facts.short_name_of(canary)}, which ends {ended}"
        f" ({commands.cited(Verb.PROMOTE)})",
        str(state.step + 1),
        str(after + 1),
    )
    handled = (*state.handled, command)
    return replace(_next(state, facts, after), handled=handled), decision


def _completed(state: RolloutState, facts: RolloutFacts) -> Decision:
    step = facts.steps[state.step]
    where = position(state, facts)
    if step.set_weight is not None:
        message = f"{shares_sentence(state, facts)}: {answers_on(state, facts)} ({where})"
        before = weight_at(facts.steps, state.step - 1) if state.step else 0
        return Decision(Reason.SET_WEIGHT, message, str(before), str(step.set_weight))
    message = f"{shares_sentence(state, facts)} ({where}, which is over)"
    return Decision(Reason.STEP_COMPLETED, message, str(state.step + 1), str(state.step + 2))
