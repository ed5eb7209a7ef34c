"""The verdict on a metric that is judged by evidence, with its numbers as sentences."""

import math

from inference_operator.api.analysis import AnalysisMetric, MetricType
from inference_operator.api.analysis_status import HistogramSource, Verdict
from inference_operator.domain.analysis import MetricResult
from inference_operator.planning.analysis.limits import (
    MAX,
    MAX_RELATIVE,
    ShareLimit,
    limits_of,
    percentile,
)
from inference_operator.planning.analysis.memory import CanaryMemory, LimitMemory
from inference_operator.planning.analysis.round import Round
from inference_operator.planning.analysis.shares import (
    is_exceeded_by_load,
    is_kept,
    missing_requests,
)
from inference_operator.planning.measuring.coverage import Trouble
from inference_operator.planning.measuring.totals import Totals
from inference_operator.planning.number_texts import about, count, duration, percent
from model_builders.statistics.counts import AbsoluteLimit
from model_builders.statistics.judgement import Outcome

NO_BOUNDARY = "NoBoundary"
_HISTOGRAMS = {
    HistogramSource.TRITON: "nv_inference_first_response_histogram_ms",
    HistogramSource.GATEWAY: "the gateway's histogram of the Service of each revision",
}
_ADD_BOUNDARY = {
    HistogramSource.TRITON: "add one to metrics.latencyBuckets",
    HistogramSource.GATEWAY: "add one to the buckets of the gateway's metrics",
}
_COUNTERS = "nv_inference_request_success and nv_inference_request_failure"
_LESS_LOAD = 2 / 3
# Beyond it a number of missing requests says nothing.
_MOST_MISSING = 1e9


def share_result(
    metric: AnalysisMetric,
    canary: CanaryMemory,
    seen: Round,
    trouble: tuple[Verdict, Trouble] | None,
) -> MetricResult:
    """Return the verdict on a share. Evidence that a limit is exceeded counts whatever is missing
    now."""
    limits = limits_of(metric)
    judged = [(limit, canary.limits[limit.key]) for limit in limits if limit.key in canary.limits]
    exceeded = [item for item in judged if item[1].judgement.outcome is Outcome.EXCEEDED]
    if exceeded:
        limit, memory = exceeded[0]
        message = f"{_numbers(limit, memory)}, which exceeds {_limit_words(limit, memory)}"
        return _result(exceeded[0], canary, (Verdict.FAIL, message))
    nearest = _nearest(judged)
    if trouble is not None:
        verdict, why = trouble
        return _result(nearest, canary, (verdict, why.message), why.reason, metric)
    if len(judged) < len(limits):
        verdict, why = _not_begun(limits, canary)
        return _result(nearest, canary, (verdict, why.message), why.reason, metric)
    assert nearest is not None
    return _result(nearest, canary, _undecided(judged, canary, seen))


def _undecided(
    judged: list[tuple[ShareLimit, LimitMemory]], canary: CanaryMemory, seen: Round
) -> tuple[Verdict, str]:
    """Return the verdict where all values are there, and no limit is exceeded."""
    limit, memory = _nearest(judged) or judged[0]
    numbers, words = _numbers(limit, memory), _limit_words(limit, memory)
    by_load = [item for item in judged if is_exceeded_by_load(item[1])]
    if by_load:
        return Verdict.INCOMPARABLE, (
            f"{_numbers(*by_load[0])}, but the canary's pods have {_load_ratio(canary)} times the"
            " load of the stable ones: give the canary more pods"
        )
    fewest = seen.question.settings.min_samples
    open_limits = [(of, each) for of, each in judged if not is_kept(each, of)]
    if not open_limits and memory.samples >= fewest:
        kept = f"within {words}" if _is_within(limit, memory) else f"between {words} and its double"
        return Verdict.PASS, f"{numbers}, {kept}{_less_load(limit, canary)}"
    missing = [missing_requests(each, of) for of, each in open_limits]
    most = max([*missing, fewest - memory.samples])
    return Verdict.LOW_TRAFFIC, f"{numbers}; {_missing_words(most, memory)} {words}"


def _is_within(limit: ShareLimit, memory: LimitMemory) -> bool:
    """Return whether what was counted is within the limit: evidence that its double is kept may
    come before any that the limit is exceeded."""
    rule = limit.rule(memory.tolerance)
    if isinstance(rule, AbsoluteLimit):
        return memory.bad <= rule.share * memory.samples
    return memory.bad * memory.stable_samples <= rule.ratio * memory.stable_bad * memory.samples


def _missing_words(missing: float, memory: LimitMemory) -> str:
    if memory.samples <= 0:
        return "the canary has had no requests yet to judge it by"
    if missing > _MOST_MISSING:
        return "its share is too near to tell it from"
    return f"about {about(missing)} requests of the canary are missing to judge it by"


def _nearest(
    judged: list[tuple[ShareLimit, LimitMemory]],
) -> tuple[ShareLimit, LimitMemory] | None:
    """Return the limit that is nearest to being exceeded, by its evidence."""
    return max(judged, key=lambda item: item[1].judgement.exceeded.log_above, default=None)


def _not_begun(limits: tuple[ShareLimit, ...], canary: CanaryMemory) -> tuple[Verdict, Trouble]:
    """Return why a limit has no evidence yet: its boundary is not known."""
    bounds = [bound for bound in canary.canary.buckets if bound < math.inf]
    absolute = next((limit for limit in limits if limit.field == MAX), None)
    if absolute is not None and bounds and absolute.key not in canary.limits:
        return Verdict.NO_DATA, Trouble(
            NO_BOUNDARY,
            f"the largest boundary of the histogram is {duration(max(bounds))}, below the limit of"
            f" {absolute.written}: {_ADD_BOUNDARY[canary.source]}",
        )
    if canary.canary.requests <= 0:
        return Verdict.LOW_TRAFFIC, Trouble("", "the canary has had no requests yet")
    words = "the stable revision has had too few requests to say where its percentile is"
    return Verdict.LOW_TRAFFIC, Trouble("", words)


def _result(
    item: tuple[ShareLimit, LimitMemory] | None,
    canary: CanaryMemory,
    verdict: tuple[Verdict, str],
    reason: str = "",
    metric: AnalysisMetric | None = None,
) -> MetricResult:
    if item is None:
        assert metric is not None
        return MetricResult(metric.name, verdict[0], metric.mode, verdict[1], reason=reason)
    limit, memory = item
    return MetricResult(
        name=limit.metric.name,
        verdict=verdict[0],
        mode=limit.metric.mode,
        message=verdict[1],
        canary=_value(limit, canary.canary, memory.bad, memory.samples),
        stable=_value(limit, canary.stable, memory.stable_bad, memory.stable_samples),
        limit=_limit_value(limit),
        samples=math.floor(memory.samples),
        source=_source(limit, canary),
        reason=reason,
    )


def _value(limit: ShareLimit, totals: Totals, bad: float, samples: float) -> str:
    if limit.quantile is None:
        return percent(bad / samples) if samples > 0 else ""
    value = percentile(limit.quantile, totals.buckets)
    return duration(value) if value is not None else ""


def _limit_value(limit: ShareLimit) -> str:
    if limit.field == MAX:
        return limit.written
    return f"{limit.written} of stable"


def _numbers(limit: ShareLimit, memory: LimitMemory) -> str:
    """Return what was counted: `12 of 310 requests failed (3.9%)`."""
    bad = "failed"
    if limit.quantile is not None and memory.boundary is not None:
        bad = f"were slower than {duration(memory.boundary)}"
    share = f" ({percent(memory.bad / memory.samples)})" if memory.samples > 0 else ""
    words = f"{count(memory.bad)} of {count(memory.samples)} requests {bad}{share}"
    if limit.field == MAX_RELATIVE and memory.stable_samples > 0:
        stable = percent(memory.stable_bad / memory.stable_samples)
        words += f"; of the stable revision's, {stable}"
    return words


def _limit_words(limit: ShareLimit, memory: LimitMemory) -> str:
    if limit.quantile is None:
        return f"{limit.written} of stable" if limit.field == MAX_RELATIVE else limit.written
    name = limit.metric.statistic
    if limit.field == MAX:
        return f"{percent(1 - limit.quantile)} (max {limit.written} of {name})"
    ratio = f"{percent(memory.tolerance or 1.0)} of the stable revision's share"
    return f"{ratio} (maxRelative {limit.written} of {name})"


def _source(limit: ShareLimit, canary: CanaryMemory) -> str:
    if limit.metric.type is MetricType.ERROR_RATE:
        return _COUNTERS
    return _HISTOGRAMS[canary.source]


def _load_ratio(canary: CanaryMemory) -> str:
    own, stable = (math.fsum(side) for side in zip(*canary.loads, strict=True))
    return f"{own / stable:.1f}" if stable > 0 else "many"


def _less_load(limit: ShareLimit, canary: CanaryMemory) -> str:
    """Return a part of a sentence where the canary's pods had less load than the others."""
    if limit.field != MAX_RELATIVE or not canary.loads:
        return ""
    own, stable = (math.fsum(side) for side in zip(*canary.loads, strict=True))
    if stable <= 0 or own >= _LESS_LOAD * stable:
        return ""
    return f"; its pods have {own / stable:.1f} times the load of the stable ones"
