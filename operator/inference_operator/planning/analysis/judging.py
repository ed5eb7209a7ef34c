"""The judgement of one unit after one sweep: memory and sweep in, new memory and answer out."""

import math
from dataclasses import replace

from inference_operator.domain.analysis import AnalysisQuestion, AnalysisResult
from inference_operator.domain.measurement import Sweep
from inference_operator.planning.analysis.canary import after_windows, begun_canary, stepped
from inference_operator.planning.analysis.histogram import with_buckets, with_source
from inference_operator.planning.analysis.memory import AnalysisMemory
from inference_operator.planning.analysis.results import metric_results, result_of
from inference_operator.planning.analysis.round import Round, round_of
from inference_operator.planning.analysis.shares import Judged
from inference_operator.planning.measuring import gateway
from inference_operator.planning.measuring.collecting import (
    has_counted,
    has_pending,
    is_complete,
    taken,
    waited,
    without_pending,
)

WINDOWS_KEPT = 60
# Loads a pod that differ by more cannot be compared.
MOST_LOAD = 1.5
_LOADS_KEPT = 4


def judged(
    memory: AnalysisMemory | None, question: AnalysisQuestion, sweep: Sweep
) -> tuple[AnalysisMemory, AnalysisResult]:
    """Return the memory with one more sweep, and what the metrics of the canary say.

    Sweeps may be lost, and may see no new scrape. Equal arguments give equal answers.
    """
    memory = _of_unit(memory, question)
    seen = round_of(question, sweep, memory.pods)
    memory = replace(memory, pods=seen.memories)
    if not seen.is_lost:
        memory, seen = _with_window(*with_source(memory, seen))
    canary = memory.canary
    if canary is None:
        return memory, result_of(None, (), seen)
    has_news = False
    if not seen.is_lost:
        canary, has_news = after_windows(canary, memory.history, seen)
    metrics = metric_results(canary, seen)
    canary = stepped(canary, metrics, seen, has_news)
    return replace(memory, canary=canary), result_of(canary, metrics, seen)


def _of_unit(memory: AnalysisMemory | None, question: AnalysisQuestion) -> AnalysisMemory:
    """Return what is remembered of the unit, its stable revision and its canary."""
    if memory is None or memory.uid != question.uid:
        memory = AnalysisMemory(uid=question.uid)
    if memory.stable != question.stable.revision:
        memory = replace(memory, stable=question.stable.revision, history=(), canary=None)
    if question.canary is None:
        return replace(memory, canary=None) if memory.canary else memory
    kept = memory.canary
    if kept is None or kept.revision != question.canary.revision:
        return replace(memory, canary=begun_canary(question))
    if kept.settings != question.settings:
        # What is remembered is evidence about limits that do not hold any more.
        return replace(memory, canary=begun_canary(replace(question, record=None)))
    return memory


def _with_window(memory: AnalysisMemory, seen: Round) -> tuple[AnalysisMemory, Round]:
    """Return both with the window that ends now, if one does: every pod was scraped again."""
    is_canary = has_counted(seen.canary)
    tracks = [seen.canary] if is_canary else []
    if has_counted(seen.stable) or not is_canary:
        tracks.append(seen.stable)
    is_late = waited(memory.closed, seen.sweep)
    if not all(is_complete(views) or (is_late and has_pending(views)) for views in tracks):
        return memory, seen
    canary, stable = with_buckets(memory, taken(seen.canary), taken(seen.stable))
    memory = replace(
        memory,
        pods=without_pending(memory.pods),
        services=gateway.without_pending(memory.services),
        closed=seen.sweep.at,
    )
    if not is_canary:
        # It has no requests yet, or none that count.
        return replace(memory, history=(*memory.history, stable)[-WINDOWS_KEPT:]), seen
    if memory.canary is None:
        return memory, seen
    loads = (*memory.canary.loads, (canary.load, stable.load))[-_LOADS_KEPT:]
    window = Judged(canary, stable, _is_overloaded(loads, canary.requests))
    memory = replace(memory, canary=replace(memory.canary, loads=loads))
    return memory, replace(seen, window=window)


def _is_overloaded(loads: tuple[tuple[float, float], ...], requests: float) -> bool:
    """Return whether the canary's pods have too much load: in the last windows together, or in the
    last one by more than chance.

    >>> _is_overloaded(((10.0, 22.5),), 150), _is_overloaded(((50.0, 12.5),), 750)
    (False, True)
    """
    of_canary, of_stable = (math.fsum(side) for side in zip(*loads, strict=True))
    if of_stable <= 0:
        return False
    canary, stable = loads[-1]
    least = canary * max(0.0, 1 - 2 / math.sqrt(requests)) if requests > 0 else 0.0
    return of_canary > MOST_LOAD * of_stable or least > MOST_LOAD * stable > 0
