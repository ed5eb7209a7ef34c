"""The walk of a canary through its steps: what each waits for, and when it ends."""

from dataclasses import dataclass, replace
from datetime import timedelta

from inference_operator.api.analysis import OnTimeout
from inference_operator.api.reasons import Reason
from inference_operator.domain.commands import Verb
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.domain.traffic import Split
from inference_operator.planning.rollout import analysis
from inference_operator.planning.rollout.aborts import abort
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.steps import (
    answers_on,
    asked_pods,
    needed_pods,
    position,
    shares_sentence,
    weight_at,
)
from inference_operator.planning.transition import Hold, Transition


@dataclass(frozen=True, slots=True)
class _Wait:
    """What a step waits for."""

    hold: Hold
    left: timedelta | None = None
    """How long at most, if only time has to pass."""


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
        cleared=None,
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
    """Go on to the first step that still waits for something, or behind the last one.

    The canary is aborted if it could not be judged for `maxHold`, and `onTimeout` says so.
    """
    decisions: list[Decision] = []
    while True:
        wait = _wait(state, facts)
        if wait is None and state.step >= len(facts.steps):
            return Transition(analysis.not_holding(state), tuple(decisions))
        if wait is None:
            decisions.append(_completed(state, facts))
            state = _next(state, facts, state.step + 1)
            continue
        state, skipped = _promoted_by_hand(state, facts)
        if skipped is not None:
            decisions.append(skipped)
            continue
        stopped = _stopped(state, facts, wait)
        decisions.extend(stopped.decisions)
        state = stopped.state
        if stopped.hold is not None or state.canary is None:
            return replace(stopped, decisions=tuple(decisions))


def _stopped(state: RolloutState, facts: RolloutFacts, wait: _Wait) -> Transition:
    """Stop at a step that waits for something. After `maxHold` without a verdict there is no hold,
    but what `onTimeout` says.

    The time goes on while pods are missing: pods that come and go would begin it again for ever.
    """
    if wait.hold.reason is not Reason.ANALYSIS_HOLDING:
        is_unavailable = wait.hold.reason is Reason.ANALYSIS_UNAVAILABLE
        kept = analysis.not_holding(state) if is_unavailable else state
        return Transition(kept, hold=wait.hold, wake_after=wait.left)
    state = analysis.holding(state, facts)
    left = analysis.left(state, facts)
    if left is None or left > timedelta(0):
        return Transition(state, hold=wait.hold, wake_after=left)
    return _timed_out(state, facts)


def _timed_out(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Do what `onTimeout` says of a canary that could not be judged for `maxHold`."""
    settings, why = analysis.analysis_of(facts), analysis.overdue_sentence(state, facts)
    on_timeout = settings.on_timeout if settings else OnTimeout.PAUSE
    if on_timeout is OnTimeout.ABORT:
        return abort(state, facts, why, Reason.HOLD_TIMED_OUT)
    if on_timeout is OnTimeout.PAUSE:
        return Transition(analysis.timed_out(state, facts))
    after = min(state.step + 1, len(facts.steps))
    message = (
        f"{shares_sentence(state, facts)} ({position(state, facts)}): {why}; onTimeout Promote"
    )
    decision = Decision(Reason.STEP_COMPLETED, message, str(state.step + 1), str(after + 1))
    return Transition(analysis.cleared(_next(state, facts, after), facts), (decision,))


def _next(state: RolloutState, facts: RolloutFacts, step: int) -> RolloutState:
    gone_on = analysis.not_holding(state)
    return replace(gone_on, step=step, step_since=facts.now, since=facts.now)


def _wait(state: RolloutState, facts: RolloutFacts) -> _Wait | None:
    """Return what the present step waits for; None if it is complete."""
    if state.step >= len(facts.steps):
        return _judged(state, facts, analysis.gate(state, facts, is_last=True))
    step = facts.steps[state.step]
    if step.pause is not None:
        wait = _pause(state, facts, step.pause.duration)
    elif step.analysis is not None:
        wait = _judged(state, facts, analysis.step_hold(state, facts, step.analysis.count))
    else:
        wait = _numbers(state, facts, step.set_weight)
    return wait or _judged(state, facts, _gate(state, facts))


def _numbers(state: RolloutState, facts: RolloutFacts, weight: int | None) -> _Wait | None:
    """Return what a setWeight or a setCanaryScale waits for: pods, clients, or metrics."""
    ready, needed = facts.ready_of(state.canary), needed_pods(state, facts)
    has_share = weight is None or _has_share(state, facts, weight)
    is_less = not has_share or needed < asked_pods(state, facts)
    if ready >= needed and is_less and not analysis.may_rise(state, facts):
        return _judged(state, facts, analysis.hold(state, facts))
    if ready >= needed and has_share:
        return None
    message = f"{shares_sentence(state, facts)}; {position(state, facts)}: {_missing(state, facts)}"
    return _Wait(Hold(Reason.PROGRESSING, message))


def _gate(state: RolloutState, facts: RolloutFacts) -> Hold | None:
    """Return what holds a canary that has completed a step, and would get more clients by the
    next one."""
    is_last = state.step + 1 >= len(facts.steps)
    rises = weight_at(facts.steps, state.step + 1) > weight_at(facts.steps, state.step)
    return analysis.gate(state, facts, is_last=is_last) if is_last or rises else None


def _judged(state: RolloutState, facts: RolloutFacts, hold: Hold | None) -> _Wait | None:
    if hold is None:
        return None
    message = f"{shares_sentence(state, facts)}; {position(state, facts)}: {hold.message}"
    return _Wait(replace(hold, message=message))


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
    after = len(facts.steps) if ends_all else min(state.step + 1, len(facts.steps))
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
    gone_on = analysis.cleared(_next(state, facts, after), facts)
    return replace(gone_on, handled=handled), decision


def _completed(state: RolloutState, facts: RolloutFacts) -> Decision:
    step = facts.steps[state.step]
    where = position(state, facts)
    if step.set_weight is not None:
        message = f"{shares_sentence(state, facts)}: {answers_on(state, facts)} ({where})"
        before = weight_at(facts.steps, state.step - 1) if state.step else 0
        return Decision(Reason.SET_WEIGHT, message, str(before), str(step.set_weight))
    message = f"{shares_sentence(state, facts)} ({where}, which is over)"
    return Decision(Reason.STEP_COMPLETED, message, str(state.step + 1), str(state.step + 2))
