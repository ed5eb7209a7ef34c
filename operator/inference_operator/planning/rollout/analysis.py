"""The verdict on a canary: what it lets the rollout do, and for how long the rollout waits for it.

Nothing here judges; `planning/analysis` does. See docs/progressive-delivery.md.
"""

from dataclasses import replace
from datetime import timedelta

from inference_operator.api.analysis import Analysis
from inference_operator.api.analysis_status import Verdict
from inference_operator.api.base import format_duration
from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.judgement_texts import NO_PROMETHEUS, NOT_JUDGED
from inference_operator.planning.rollout.aborts import abort
from inference_operator.planning.rollout.analysis_record import (
    changed,
    record_of,
    verdicts,
    verdicts_of,
)
from inference_operator.planning.rollout.facts import RolloutFacts
from inference_operator.planning.transition import Hold, Transition

_CANNOT_RISE = (Verdict.NO_DATA, Verdict.ERROR, Verdict.INCOMPARABLE, Verdict.FAIL)


def analysis_of(facts: RolloutFacts) -> Analysis | None:
    """Return how the canary's metrics are judged; None if they are not."""
    canary = facts.settings.canary
    return canary.analysis if canary is not None else None


def result_of(state: RolloutState, facts: RolloutFacts) -> AnalysisResult | None:
    """Return the answer of the last sweep about this canary; None before there is one.

    It is never one about an earlier rollout of the same revision: those who measure forget a canary
    with the first pass that is without it.
    """
    result = facts.analysis
    if result is None or state.canary is None or state.stable is None:
        return None
    if (result.canary, result.stable) != (state.canary, state.stable):
        return None
    return result if result.at is not None or result.outage is not None else None


def with_verdict(state: RolloutState, facts: RolloutFacts, *, is_renewed: bool) -> RolloutState:
    """Return the state with the last verdict.

    While no verdict and no reason changes, the former one stays as it is, with its numbers. It is
    replaced all the same if `is_renewed`.
    """
    if facts.target is None and facts.analysis is None:
        # The spec is invalid, maybe only for now.
        return state
    if analysis_of(facts) is None or state.canary is None or state.stable is None:
        return replace(state, analysis=None)
    record = state.analysis
    kept = record if record is not None and record.revision == state.canary else None
    result = result_of(state, facts)
    if result is None:
        return replace(state, analysis=kept)
    if kept is not None and verdicts(kept) == verdicts_of(result) and not is_renewed:
        return state
    return replace(state, analysis=record_of(result, state.canary, kept, facts.now))


def failed(state: RolloutState, facts: RolloutFacts) -> Transition:
    """Abort the rollout if the canary's metrics fail, whatever it waits for.

    It is not aborted while no pod of the stable revision answers: clients are better served by it.
    """
    result = result_of(state, facts)
    if result is None or result.verdict is not Verdict.FAIL or not _decides(state, facts):
        return Transition(state)
    if facts.target not in (None, state.canary) or facts.ready_of(state.stable) == 0:
        return Transition(state)
    return abort(state, facts, result.message, Reason.ANALYSIS_FAILED)


def may_rise(state: RolloutState, facts: RolloutFacts) -> bool:
    """Return whether the metrics let the canary have more clients than it has now.

    Its first clients need no verdict, since nothing can be judged before. All clients need one that
    passes.
    """
    if not _decides(state, facts) or _is_cleared(state, state.step):
        return True
    if _is_timed_out(state):
        return False
    return _may_get_more(state, facts, is_last=state.step >= len(facts.steps))


def gate(state: RolloutState, facts: RolloutFacts, *, is_last: bool) -> Hold | None:
    """Return what holds a rollout that is about to give the canary more clients, or all of them."""
    step = min(state.step + 1, len(facts.steps))
    if not _decides(state, facts) or _is_cleared(state, step):
        return None
    if _may_get_more(state, facts, is_last=is_last) and not _is_timed_out(state):
        return None
    return hold(state, facts)


def step_hold(state: RolloutState, facts: RolloutFacts, count: int) -> Hold | None:
    """Return what holds an analysis step that asks for `count` passing judgements in a row."""
    result, since = result_of(state, facts), state.step_since
    has_passed = result is not None and result.step_since == since and result.step_passes >= count
    if has_passed and not _is_timed_out(state):
        return None
    verdict = state.analysis.verdict if state.analysis else None
    if verdict is Verdict.PASS and not _is_timed_out(state):
        judgements = counted(count, "judgement")
        return Hold(Reason.ANALYSIS_HOLDING, f"the step takes {judgements} in a row that pass")
    return hold(state, facts)


def hold(state: RolloutState, facts: RolloutFacts) -> Hold:
    """Return why a rollout waits for its metrics, but not where it stands."""
    record = state.analysis
    if facts.analysis is None:
        return Hold(Reason.ANALYSIS_UNAVAILABLE, NO_PROMETHEUS)
    if record is None:
        return Hold(Reason.ANALYSIS_HOLDING, NOT_JUDGED)
    if _is_timed_out(state):
        ask = "promote the revision or abort it"
        return Hold(Reason.HOLD_TIMED_OUT, f"{overdue_sentence(state, facts)}; {ask}")
    since = f" (since {format_time(record.error_since)})" if record.error_since else ""
    return Hold(Reason.ANALYSIS_HOLDING, f"{record.message or record.verdict}{since}")


def _is_timed_out(state: RolloutState) -> bool:
    return state.analysis is not None and state.analysis.timed_out_at is not None


def _is_cleared(state: RolloutState, step: int) -> bool:
    """Return whether a person, or `onTimeout`, lets the canary have its share of that step."""
    return state.cleared is not None and step <= state.cleared


def cleared(state: RolloutState, facts: RolloutFacts) -> RolloutState:
    """Return the state of a rollout that goes on to its present step without a verdict."""
    return state if analysis_of(facts) is None else replace(state, cleared=state.step)


def next_look(state: RolloutState, facts: RolloutFacts) -> timedelta | None:
    """Return when to look for the first verdict; None if there is one, or nothing asks for it."""
    settings, result = analysis_of(facts), facts.analysis
    if settings is None or result is None:
        return None
    is_first = result.at is None and result.outage is None
    is_awaited = result_of(state, facts) is None and _decides(state, facts)
    return settings.interval if is_first or is_awaited else None


def holding(state: RolloutState, facts: RolloutFacts) -> RolloutState:
    """Return the state of a rollout that waits for its metrics, with the time since it does."""
    record = state.analysis
    if record is None or record.holding_since is not None:
        return state
    return replace(state, analysis=changed(record, holding_since=facts.now))


def not_holding(state: RolloutState, *, is_stopped: bool = False) -> RolloutState:
    """Return the state of a rollout that goes on, or waits for something else.

    If it is stopped by a person or a freeze, it still waits for a person after `maxHold`.
    """
    record = state.analysis
    if record is None or (record.holding_since is None and record.timed_out_at is None):
        return state
    timed_out_at = record.timed_out_at if is_stopped else None
    since = record.holding_since if timed_out_at else None
    return replace(state, analysis=changed(record, holding_since=since, timed_out_at=timed_out_at))


def left(state: RolloutState, facts: RolloutFacts) -> timedelta | None:
    """Return how long the rollout may still wait; None while the time does not count."""
    record, settings = state.analysis, analysis_of(facts)
    if record is None or record.holding_since is None or settings is None:
        return None
    if record.error_since is not None or record.timed_out_at is not None:
        return None
    return settings.max_hold - (facts.now - record.holding_since)


def timed_out(state: RolloutState, facts: RolloutFacts) -> RolloutState:
    """Return the state of a rollout that waits for a person, since its metrics told nothing."""
    record = state.analysis
    return (
        state
        if record is None
        else replace(state, analysis=changed(record, timed_out_at=facts.now))
    )


def overdue_sentence(state: RolloutState, facts: RolloutFacts) -> str:
    """Return for how long the canary's metrics have not passed, and what they say."""
    record, settings = state.analysis, analysis_of(facts)
    if record is None or settings is None:
        return NOT_JUDGED
    limit = format_duration(settings.max_hold)
    since = format_time(record.holding_since or facts.now)
    last = record.message or record.verdict
    return f"its metrics have not passed within maxHold ({limit}) since {since}: {last}"


def numbers_sentence(state: RolloutState, facts: RolloutFacts) -> str:
    """Return the numbers of a canary that is promoted: `; errors 0.1 % of 1,204 requests`."""
    result = result_of(state, facts) if analysis_of(facts) else None
    return f"; {result.message}" if result is not None else ""


def _decides(state: RolloutState, facts: RolloutFacts) -> bool:
    """Return whether the metrics decide at the present step: from `startingStep` on, and at each
    analysis step."""
    settings = analysis_of(facts)
    if settings is None or not state.step_hash or state.canary is None or state.stable is None:
        return False
    is_step = state.step < len(facts.steps) and facts.steps[state.step].analysis is not None
    return is_step or state.step >= settings.starting_step


def _may_get_more(state: RolloutState, facts: RolloutFacts, *, is_last: bool) -> bool:
    result = result_of(state, facts)
    if is_last:
        return result is not None and result.verdict is Verdict.PASS
    if facts.traffic.leads_to(state.canary) == 0:
        # After a restart of the operator, a canary that was about to be aborted gets none again.
        return result is not None or facts.analysis is None
    return result is not None and result.verdict not in _CANNOT_RISE
