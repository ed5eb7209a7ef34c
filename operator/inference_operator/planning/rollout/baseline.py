"""The baseline of a canary: new pods of the stable revision that it is compared with.

They start after the canary's pods, and end with it. See docs/adr/0047-a-baseline-of-new-pods.md.
"""

from dataclasses import replace
from datetime import timedelta

from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.delays import earliest
from inference_operator.domain.rollout_state import BaselineState, Decision, RolloutState
from inference_operator.planning.rollout.analysis import analysis_of
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.rollout.steps import needed_pods
from inference_operator.planning.transition import Transition


def with_baseline(
    before: BaselineState | None, made: Transition, facts: RolloutFacts
) -> Transition:
    """Return the transition with the baseline of its state, and what was decided about it.

    `before` is the baseline until now; an end of the rollout has taken it from the state.
    """
    if not _is_kept(before, made.state, facts):
        ended = () if before is None or before.late_at else (_ended(before, made.state, facts),)
        if not _may_start(made.state, facts):
            return _with(made, None, ended)
        return _with(made, _begun(made.state, facts), (*ended, _started(made.state, facts)))
    assert before is not None
    if before.late_at is not None:
        return _with(made, before, ())
    if facts.baseline_ready > 0:
        return _with(made, replace(before, since=None), ())
    since = before.since or facts.now
    left = facts.settings.progress_deadline - (facts.now - since)
    if left <= timedelta(0):
        late = replace(before, since=since, late_at=facts.now)
        return _with(made, late, (_late(late, facts),))
    waiting = _with(made, replace(before, since=since), ())
    return replace(waiting, wake_after=earliest(waiting.wake_after, left))


def may_grow(state: RolloutState, facts: RolloutFacts) -> bool:
    """Return whether the baseline may have more pods: not while the rollout is held, and not after
    the last step, which gives the stable revision no clients."""
    is_stopped = bool(facts.freeze) or facts.is_held or facts.target != state.canary
    return not is_stopped and state.step < len(facts.steps)


def _with(
    made: Transition, baseline: BaselineState | None, decisions: tuple[Decision, ...]
) -> Transition:
    if baseline == made.state.baseline and not decisions:
        return made
    state = replace(made.state, baseline=baseline)
    return replace(made, state=state, decisions=(*made.decisions, *decisions))


def _is_by_steps(state: RolloutState, facts: RolloutFacts) -> bool:
    has_both = state.canary is not None and state.stable is not None
    return has_both and bool(state.step_hash) and facts.replicas > 0


def _is_wanted(facts: RolloutFacts) -> bool:
    analysis = analysis_of(facts)
    return analysis is not None and analysis.has_baseline


def _is_kept(before: BaselineState | None, state: RolloutState, facts: RolloutFacts) -> bool:
    """Return whether a baseline stays: as long as the canary, also while the spec is invalid."""
    if before is None or before.revision != state.stable or not _is_by_steps(state, facts):
        return False
    return facts.target is None or _is_wanted(facts)


def _may_start(state: RolloutState, facts: RolloutFacts) -> bool:
    """Return whether a baseline starts: once the canary has its pods, nothing holds the rollout,
    and there is a Prometheus that can compare."""
    if not _is_by_steps(state, facts) or not _is_wanted(facts) or facts.analysis is None:
        return False
    is_alone = facts.is_alone(state.canary, state.stable)
    has_pods = facts.ready_of(state.canary) >= needed_pods(state, facts)
    return may_grow(state, facts) and has_pods and not is_alone


def _begun(state: RolloutState, facts: RolloutFacts) -> BaselineState:
    assert state.stable is not None
    return BaselineState(state.stable, None if facts.baseline_ready else facts.now)


def _started(state: RolloutState, facts: RolloutFacts) -> Decision:
    pods = counted(needed_pods(state, facts), "new pod")
    message = (
        f"a baseline of {pods} of revision {state.stable} starts: revision {state.canary} is"
        " compared with it"
    )
    return Decision(Reason.BASELINE_STARTED, message, None, state.stable)


def _ended(before: BaselineState, state: RolloutState, facts: RolloutFacts) -> Decision:
    why = "the rollout needs it no more" if state.canary else "the rollout has ended"
    ready = facts.baseline_ready if before.revision == state.stable else 0
    message = (
        f"the baseline of revision {before.revision}, which answers on {counted(ready, 'pod')},"
        f" ends: {why}"
    )
    return Decision(Reason.BASELINE_ENDED, message, before.revision, None)


def _late(late: BaselineState, facts: RolloutFacts) -> Decision:
    seconds = int(facts.settings.progress_deadline.total_seconds())
    message = (
        f"no pod of the baseline of revision {late.revision} has answered since"
        f" {format_time(late.since or facts.now)} (progressDeadline {seconds} s): its pods end, and"
        " the canary is compared with the stable revision's own pods"
    )
    return Decision(Reason.BASELINE_LATE, message, late.revision, None)
