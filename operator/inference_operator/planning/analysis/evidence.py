"""Evidence in the status: how it is written, and when a judgement continues from it."""

import math

from inference_operator.api.analysis_status import AnalysisStatus, EvidenceStatus, HistogramSource
from inference_operator.planning.analysis.limits import (
    LEAST_TOLERANCE,
    MAX,
    MAX_RELATIVE,
    MOST_TOLERANCE,
    ShareLimit,
)
from inference_operator.planning.analysis.memory import LimitMemory
from model_builders.statistics.counts import AbsoluteLimit
from model_builders.statistics.dispersion import MOST_INFLATION
from model_builders.statistics.evidence import FACTORS, Evidence, log_ratio
from model_builders.statistics.judgement import Judgement, Outcome, wider

# The API's bound of one logarithm.
_MOST = 1e6
_ROUNDING = 1e-6


def record_of(limit: ShareLimit, memory: LimitMemory) -> EvidenceStatus:
    """Return the evidence as the status keeps it."""
    return EvidenceStatus(
        metric=limit.metric.name,
        limit=limit.field,
        above=_bounded(memory.judgement.exceeded.above),
        below=_bounded(memory.judgement.kept.below),
        inflation=memory.inflation,
        boundary=memory.boundary,
        tolerance=memory.tolerance,
        source=memory.source if limit.quantile is not None else None,
        samples=math.floor(memory.samples),
        bad=math.floor(memory.bad),
    )


def continued(limit: ShareLimit, fresh: LimitMemory, record: AnalysisStatus) -> LimitMemory:
    """Return the evidence of the record, or the fresh one if the record's cannot be right.

    A record is not continued if it says that the limit is exceeded, because that canary was taken
    back; nor if it is of another histogram, boundary or limit; nor if its numbers contradict each
    other.
    """
    key = (limit.metric.name, limit.field)
    item = next((each for each in record.evidence if (each.metric, each.limit) == key), None)
    if item is None or len(item.above) != len(FACTORS) or len(item.below) != len(FACTORS):
        return fresh
    if limit.quantile is None and item.tolerance != fresh.tolerance:
        return fresh
    if limit.quantile is not None and (item.source or HistogramSource.TRITON) != fresh.source:
        return fresh
    if limit.field == MAX and item.boundary != fresh.boundary:
        return fresh
    if limit.quantile is not None and limit.field == MAX_RELATIVE and not _is_latency(item):
        return fresh
    judgement = Judgement(Evidence(above=item.above), Evidence(below=item.below))
    if judgement.outcome is Outcome.EXCEEDED or not _is_consistent(item, limit):
        return fresh
    return LimitMemory(
        judgement=judgement,
        inflation=item.inflation,
        boundary=item.boundary,
        tolerance=item.tolerance,
        source=fresh.source,
        samples=float(item.samples),
        bad=float(item.bad),
    )


def _is_latency(item: EvidenceStatus) -> bool:
    has_boundary = item.boundary is not None and item.boundary > 0
    tolerance = item.tolerance or 0.0
    return has_boundary and LEAST_TOLERANCE <= tolerance <= MOST_TOLERANCE


def _is_consistent(item: EvidenceStatus, limit: ShareLimit) -> bool:
    """Return whether the logarithms can come from the counts.

    Of an absolute limit, the counts tell them, but for the fractions of each window, which are
    rounded against each claim. Of a relative one, the canary's bad requests bound those above.
    """
    if item.bad > item.samples or item.inflation > MOST_INFLATION:
        return False
    rule, double = limit.rule(item.tolerance), wider(limit.rule(item.tolerance))
    if not isinstance(rule, AbsoluteLimit) or not isinstance(double, AbsoluteLimit):
        most = [item.bad * math.log(factor) / item.inflation for factor in FACTORS]
        return all(map(_is_at_most, item.above, most))
    hits, draws, inflation = item.bad, item.samples, item.inflation
    fewest = max(hits, draws - 1)
    most = [log_ratio(hits, fewest, rule.share, each) / inflation for each in FACTORS]
    # As if none of them had been bad: less evidence could only hide what was.
    least = [log_ratio(0, 2 * draws, rule.share, each) / inflation for each in FACTORS]
    below = [log_ratio(hits, draws + 1, double.share, 1 / each) / inflation for each in FACTORS]
    return (
        all(map(_is_at_most, item.above, most))
        and all(map(_is_at_most, least, item.above))
        and all(map(_is_at_most, item.below, below))
    )


def _is_at_most(value: float, bound: float) -> bool:
    return value <= max(-_MOST, bound) + _ROUNDING * (1 + abs(bound))


def _bounded(logarithms: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(max(-_MOST, min(_MOST, each)) for each in logarithms)
