"""Judgement of shares: failed requests, and requests slower than a boundary of the histogram."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from inference_operator.api.limit_text import milliseconds_of, share_of
from inference_operator.planning.analysis.limits import (
    MAX,
    MAX_RELATIVE,
    ShareLimit,
    boundary_of_duration,
    boundary_of_percentile,
    counts_of,
    tolerance_of,
)
from inference_operator.planning.analysis.memory import LimitMemory
from inference_operator.planning.measuring.totals import Totals
from model_builders.statistics.counts import Counts, Window
from model_builders.statistics.dispersion import variance_inflation
from model_builders.statistics.judgement import Judgement, Outcome, wider
from model_builders.statistics.sample_size import Rates, requests_missing

# Requests of the stable revision that show where its percentile is.
FEWEST_OF_HISTOGRAM = 100
# Requests of each track that must be good where nothing bad can be compared.
FEWEST_WITHOUT_BAD = 500


@dataclass(frozen=True, slots=True)
class Judged:
    """One window of both tracks, and whether their pods' loads can be compared."""

    canary: Totals
    stable: Totals
    is_overloaded: bool


def begun(limit: ShareLimit, history: Sequence[Totals], window: Judged) -> LimitMemory | None:
    """Return the beginning of the evidence about a limit; None while its boundary is not known.

    `history` is what the stable revision did before, so that the boundary, the tolerance and the
    inflation do not depend on what is judged.
    """
    if limit.quantile is None:
        return LimitMemory(inflation=_inflation(limit, None, history), tolerance=_ratio(limit))
    boundary = tolerance = None
    if limit.field == MAX:
        boundary = boundary_of_duration(milliseconds_of(limit.written), window.canary.buckets)
    else:
        if not shows_percentiles(history):
            return None
        buckets = reduce(Totals.plus, history, Totals()).buckets
        boundary = boundary_of_percentile(limit.quantile, buckets)
        if boundary is not None:
            tolerance = tolerance_of(share_of(limit.written), boundary, buckets)
    if boundary is None:
        return None
    inflation = _inflation(limit, boundary, history)
    return LimitMemory(inflation=inflation, boundary=boundary, tolerance=tolerance)


def shows_percentiles(history: Sequence[Totals]) -> bool:
    """Return whether there are enough requests to say where a percentile is."""
    requests = math.fsum(window.buckets.get(math.inf, 0.0) for window in history)
    return requests >= FEWEST_OF_HISTOGRAM


def after(memory: LimitMemory, limit: ShareLimit, window: Judged) -> LimitMemory:
    """Return the evidence with one more window.

    A window in which the canary's pods have too much load is no evidence that a relative limit is
    exceeded. `overloaded` remembers what it would have said.
    """
    canary = counts_of(limit, memory.boundary, window.canary)
    stable = counts_of(limit, memory.boundary, window.stable)
    if canary is None or (stable is None and limit.field == MAX_RELATIVE):
        return memory
    stable = stable or Counts(0, 0)
    rule, inflation = limit.rule(memory.tolerance), memory.inflation
    judged = Window(canary, stable)
    kept = memory.judgement
    overloaded = None
    if window.is_overloaded and limit.field == MAX_RELATIVE:
        overloaded = (memory.overloaded or kept).after(judged, rule, inflation)
        kept = Judgement(kept.exceeded, overloaded.kept)
    else:
        kept = kept.after(judged, rule, inflation)
    return replace(
        memory,
        judgement=kept,
        samples=memory.samples + canary.requests,
        bad=memory.bad + canary.bad,
        stable_samples=memory.stable_samples + stable.requests,
        stable_bad=memory.stable_bad + stable.bad,
        overloaded=overloaded,
    )


def is_exceeded_by_load(memory: LimitMemory) -> bool:
    """Return whether the limit would be exceeded if the tracks' loads could be compared."""
    return memory.overloaded is not None and memory.overloaded.outcome is Outcome.EXCEEDED


def is_kept(memory: LimitMemory, limit: ShareLimit) -> bool:
    """Return whether there is enough evidence that the limit is kept.

    Where no track has had a bad request, there is nothing to compare: then it takes 500 requests of
    each. A share of 1 % shows in so many with a probability of 99 %.
    """
    if memory.judgement.outcome is Outcome.KEPT:
        return True
    fewest = min(memory.samples, memory.stable_samples)
    return _has_nothing_bad(memory, limit) and fewest >= FEWEST_WITHOUT_BAD


def _has_nothing_bad(memory: LimitMemory, limit: ShareLimit) -> bool:
    is_relative = limit.field == MAX_RELATIVE
    is_undecided = memory.judgement.outcome is Outcome.UNDECIDED
    return is_relative and is_undecided and memory.bad == memory.stable_bad == 0


def missing_requests(memory: LimitMemory, limit: ShareLimit) -> float:
    """Return about how many more requests of the canary it takes; infinity if none suffice."""
    all_samples = memory.samples + memory.stable_samples
    if memory.samples <= 0:
        return math.inf
    if _has_nothing_bad(memory, limit):
        return FEWEST_WITHOUT_BAD - min(memory.samples, memory.stable_samples)
    stable = memory.stable_bad / memory.stable_samples if memory.stable_samples else 0.0
    rates = Rates(memory.bad / memory.samples, stable, memory.samples / all_samples)
    rule = limit.rule(memory.tolerance)
    needed = min(
        requests_missing(memory.judgement.exceeded, rule, rates),
        requests_missing(memory.judgement.kept, wider(rule), rates),
    )
    # Independent requests were assumed.
    return needed * memory.inflation


def _ratio(limit: ShareLimit) -> float | None:
    return share_of(limit.written) if limit.field == MAX_RELATIVE else None


def _inflation(limit: ShareLimit, boundary: float | None, history: Sequence[Totals]) -> float:
    counted = (counts_of(limit, boundary, window) for window in history)
    return variance_inflation([counts for counts in counted if counts is not None])
