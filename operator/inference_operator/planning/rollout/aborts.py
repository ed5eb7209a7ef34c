"""Aborted rollouts: how one is aborted, remembered and started again."""

from dataclasses import replace
from datetime import timedelta

from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.api.rollout_status import ABORT_MESSAGE_LENGTH, AbortStatus
from inference_operator.domain.commands import Verb
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.transition import Hold, Transition


def obeyed(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Follow the commands to abort and to retry; forget an abort that the spec has left behind."""
    state = replace(state, handled=_handled(state, facts))
    aborted = state.aborted
    # After an aborted rollback the spec wants the stable revision, and a person the aborted one.
    meant = (facts.wanted, facts.target)
    is_left = aborted is not None and facts.wanted and aborted.revision not in meant
    if is_left and not facts.keeps_abort:
        state = replace(state, aborted=None)
    elif aborted is not None and _is_retried(state, aborted, facts):
        return _retried(replace(state, aborted=None), aborted, facts)
    canary = state.canary
    if canary is None or state.stable is None or not facts.commands.aborts(canary):
        return Transition(state)
    if facts.target not in (None, canary) or facts.is_alone(canary, state.stable):
        # It gives its clients back anyway, or as soon as a stable pod answers.
        return Transition(state)
    command = facts.commands.shown(Verb.ABORT)
    if command in state.handled:
        return Transition(state)
    why = f"somebody aborted it ({facts.commands.cited(Verb.ABORT)})"
    return abort(replace(state, handled=(*state.handled, command)), facts, why)


def abort(
    state: RolloutState, facts: RolloutFacts, why: str, reason: Reason = Reason.ROLLOUT_ABORTED
) -> Transition:
    """Send all clients back to the stable revision, and remember the canary as aborted."""
    canary, stable = state.canary or "", state.stable
    message = (
        f"the rollout of revision {facts.name_of(canary)} was aborted: {why}; revision {stable}"
        f" serves on {counted(facts.ready_of(stable), 'pod')} that answer"
    )
    aborted = AbortStatus(
        revision=canary,
        time=facts.now,
        reason=reason.value,
        message=truncate(message, ABORT_MESSAGE_LENGTH),
    )
    after = RolloutState(
        stable=stable,
        previous=state.previous,
        promoted_at=state.promoted_at,
        aborted=aborted,
        handled=(*state.handled, *_earlier_retry(aborted, facts)),
    )
    if state.aborted is not None and state.aborted.revision == facts.rolled_back_from:
        # Only one abort is remembered. The rollback has ended, or it would start again.
        ended = (*state.handled, facts.commands.shown(Verb.ROLLBACK))
        after = replace(after, aborted=state.aborted, handled=ended)
    return Transition(after, (Decision(Reason.ROLLOUT_ABORTED, message, canary, stable),))


def remembered(state: RolloutState, facts: RolloutFacts) -> Hold | None:
    """Return why the target is not started: its rollout was aborted."""
    aborted = state.aborted
    if aborted is None or aborted.revision not in (facts.target, _wanted_again(state, facts)):
        return None
    message = (
        f"{aborted.message}; to go on, make an edit that gives another revision, move the alias, or"
        " start it again (`kubectl inference retry`)"
    )
    return Hold(Reason.ROLLOUT_ABORTED, message)


def _wanted_again(state: RolloutState, facts: RolloutFacts) -> str | None:
    """Return the revision that the spec wants if the rollback from it was aborted in this pass."""
    has_ended = facts.rolled_back_from and facts.commands.shown(Verb.ROLLBACK) in state.handled
    return facts.rolled_back_from if has_ended else None


def rolled_back(facts: RolloutFacts) -> Hold | None:
    """Return why another revision serves than the spec wants: a person went back to it."""
    if facts.rolled_back_from is None:
        return None
    message = (
        f"somebody went back to revision {facts.target} from revision {facts.rolled_back_from},"
        f" which the spec wants ({Verb.ROLLBACK.annotation}"
        f"{facts.commands.set_by(Verb.ROLLBACK)}); an edit of the spec, another alias or removing"
        " the annotation ends it"
    )
    return Hold(Reason.ROLLED_BACK, message)


def went_back(facts: RolloutFacts) -> str:
    """Return a part of a sentence: who went back to the target, the spec or a person."""
    if facts.rolled_back_from is None:
        return f"the spec went back to revision {facts.target}"
    return f"somebody went back to revision {facts.target} ({facts.commands.cited(Verb.ROLLBACK)})"


def refused_rollback(facts: RolloutFacts) -> Hold | None:
    """Return why a rollback does not happen: it would start what the allow-lists may forbid."""
    if not facts.commands.refused:
        return None
    message = (
        f"{Verb.ROLLBACK.annotation} found revision {facts.commands.refused} without pods, expected"
        " one with pods, since this operator has allow-lists, which read specs and not records;"
        " remove the annotation and apply the former spec"
    )
    return Hold(Reason.NOT_ALLOWED, message)


def handled_before(state: RolloutState, facts: RolloutFacts, target: str) -> tuple[str, ...]:
    """Return the commands that do not count for a revision that starts: those from before, and a
    rollback that has ended."""
    ended = [each for each in state.handled if each.startswith(f"{Verb.ROLLBACK}=")]
    return (*ended, *facts.commands.about(target))


def lingering(state: RolloutState, facts: RolloutFacts) -> str | None:
    """Return the aborted revision while its pods stay: for a delay, and while clients reach it."""
    aborted = state.aborted
    if aborted is None or aborted.revision in state.live:
        return None
    left = until_abort_is_over(state, facts)
    is_due = left is None or left <= timedelta(0)
    has_clients = facts.traffic.leads_to(aborted.revision) > 0 or not facts.traffic.effective
    has_pods = aborted.revision in facts.answering
    return aborted.revision if has_pods and (has_clients or not is_due) else None


def until_abort_is_over(state: RolloutState, facts: RolloutFacts) -> timedelta | None:
    """Return how long the pods of an aborted canary still stay; None if there is none."""
    canary = facts.settings.canary
    if state.aborted is None or state.aborted.revision not in facts.answering:
        return None
    delay = canary.abort_scale_down_delay if canary else timedelta(0)
    return delay - (facts.now - min(state.aborted.time, facts.now))


def _is_retried(state: RolloutState, aborted: AbortStatus, facts: RolloutFacts) -> bool:
    is_told = facts.commands.retries(aborted.revision, aborted.time)
    return is_told and facts.commands.shown(Verb.RETRY) not in state.handled


def _earlier_retry(aborted: AbortStatus, facts: RolloutFacts) -> tuple[str, ...]:
    """Return a retry that was there before the abort that it names: it does not count."""
    is_earlier = facts.commands.retries(aborted.revision, aborted.time)
    return (facts.commands.shown(Verb.RETRY),) if is_earlier else ()


def _retried(state: RolloutState, aborted: AbortStatus, facts: RolloutFacts) -> Transition:
    decision = Decision(
        Reason.ROLLOUT_RETRIED,
        f"somebody retries revision {facts.name_of(aborted.revision)}, which was aborted"
        f" ({facts.commands.cited(Verb.RETRY)})",
        state.stable,
        aborted.revision,
    )
    return Transition(state, (decision,))


def _handled(state: RolloutState, facts: RolloutFacts) -> tuple[str, ...]:
    """Return the handled commands whose annotations are there: others may be given again.

    An alias is refreshed in the same pass. A rollback has ended as soon as the spec wants another
    revision than it was given for, so that the same spec may be applied again later.
    """
    given = {facts.commands.shown(verb) for verb in facts.commands.values}
    kept = [command for command in state.handled if command in given]
    if Verb.REFRESH_ALIAS in facts.commands.values:
        kept.append(facts.commands.shown(Verb.REFRESH_ALIAS))
    wanted_by_spec = facts.rolled_back_from or facts.target
    if wanted_by_spec and facts.commands.has_rollback_from_another(wanted_by_spec):
        kept.append(facts.commands.shown(Verb.ROLLBACK))
    return tuple(dict.fromkeys(kept))
