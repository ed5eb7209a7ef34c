"""Corrections of a rollout's state, which an edited, a lost or an early status may misreport."""

from dataclasses import replace
from datetime import datetime

from inference_operator.api.analysis_status import AnalysisStatus
from inference_operator.domain.rollout_state import BaselineState, RolloutState
from inference_operator.planning.rollout.facts import RolloutFacts


def corrected(state: RolloutState, facts: RolloutFacts) -> RolloutState:
    """Correct what an edited, a lost or an early status says."""
    state = _not_later(state, facts.now)
    canary, stable = state.canary, state.stable
    if not facts.is_reported and stable is not None and stable == facts.target:
        # It became ready before the first status: its promotion is still to be recorded.
        return replace(state, stable=None)
    is_left = facts.target is not None and canary not in (None, facts.target)
    has_clients = facts.traffic.leads_to(canary) > 0 and facts.ready_of(canary) > 0
    if stable is None and is_left and has_clients:
        # The first revision answers clients, who keep it until the next one is ready.
        return replace(state, stable=canary, canary=None, since=None, progress=0)
    return state


def _not_later(state: RolloutState, now: datetime) -> RolloutState:
    """Replace future times, which only an edited status has, by now, so that delays end."""
    return replace(
        state,
        since=_at_most(state.since, now),
        promoted_at=_at_most(state.promoted_at, now),
        step_since=_at_most(state.step_since, now),
        analysis=_analysis_not_later(state.analysis, now),
        baseline=_baseline_not_later(state.baseline, now),
    )


def _baseline_not_later(baseline: BaselineState | None, now: datetime) -> BaselineState | None:
    if baseline is None:
        return None
    since, late_at = _at_most(baseline.since, now), _at_most(baseline.late_at, now)
    return replace(baseline, since=since, late_at=late_at)


def _at_most(time: datetime | None, now: datetime) -> datetime | None:
    return min(time, now) if time else None


def _analysis_not_later(record: AnalysisStatus | None, now: datetime) -> AnalysisStatus | None:
    times = ("holding_since", "error_since", "timed_out_at")
    later = [name for name in times if record and (getattr(record, name) or now) > now]
    return record.model_copy(update=dict.fromkeys(later, now)) if record and later else record
