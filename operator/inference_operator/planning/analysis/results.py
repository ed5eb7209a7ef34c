"""The verdicts on all metrics, and on the canary as a whole."""

from collections.abc import Sequence
from dataclasses import replace

from inference_operator.api.analysis import AnalysisMetric, MetricMode, MetricType
from inference_operator.api.analysis_status import EvidenceStatus, HistogramSource, Verdict
from inference_operator.api.quoting import counted
from inference_operator.domain.analysis import AnalysisResult, MeasuredTrack, MetricResult
from inference_operator.domain.measurement import Family, NoAnswer
from inference_operator.planning.analysis.canary import share_limits
from inference_operator.planning.analysis.evidence import record_of
from inference_operator.planning.analysis.families import core_families, counters_of, families_of
from inference_operator.planning.analysis.histogram import (
    NO_HISTOGRAM,
    gateway_outage,
    gateway_trouble,
    is_percentile,
)
from inference_operator.planning.analysis.memory import CanaryMemory
from inference_operator.planning.analysis.queries import (
    YOUNG,
    knows_pods,
    query_trouble,
    tracks_of,
    user_query,
)
from inference_operator.planning.analysis.round import Round
from inference_operator.planning.analysis.share_results import share_result
from inference_operator.planning.analysis.window_results import window_result
from inference_operator.planning.measuring.collecting import Views, has_counted
from inference_operator.planning.measuring.coverage import (
    INCOMPLETE,
    Trouble,
    coverage,
    no_answer,
    warning_of,
)

_LACKS_BASELINE = "; stable is the revision's own pods, since no pod of the baseline answered"
_ALL_PODS = "; stable is all pods of its revision, since {}"
_OF_QUERY = _ALL_PODS.format("the query does not name $pods")
_OF_GATEWAY = _ALL_PODS.format("a gateway does not tell those of the baseline from others")
_NO_BASELINE = "no pod of the baseline answers yet"
_WARNS = "Prometheus warns that values may be missing: {}"
_NO_HISTOGRAM = (
    "the pods of the {} have no histogram of latencies: it takes Triton 26.01 or later, and"
    " metrics.latencyBuckets of the model; or clients that come through rollout.canary.gateway; or"
    " write statistic: mean"
)
# Which verdict of the metrics is that of the canary: the first of these that one of them has.
PRECEDENCE = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.NO_DATA,
    Verdict.INCOMPARABLE,
    Verdict.LOW_TRAFFIC,
    Verdict.PASS,
)


def metric_results(canary: CanaryMemory, seen: Round) -> tuple[MetricResult, ...]:
    """Return the verdict on each metric."""
    return tuple(_metric_result(metric, canary, seen) for metric in seen.question.settings.metrics)


def result_of(
    canary: CanaryMemory | None, metrics: Sequence[MetricResult], seen: Round
) -> AnalysisResult:
    """Return the answer to the question."""
    of_pods = _outage_of_pods(seen)
    outage = of_pods or _outage_of_queries(seen) or _outage_of_gateway(canary, seen)
    trouble = None if outage else _trouble(seen)
    verdict, message = total(metrics)
    return AnalysisResult(
        canary=canary.revision if canary else None,
        stable=seen.question.stable.revision,
        verdict=verdict,
        message=message,
        at=seen.sweep.at,
        metrics=tuple(metrics),
        evidence=_evidence(canary) if canary else (),
        step_since=canary.step.since if canary and canary.step else None,
        step_passes=canary.step.passes if canary and canary.step else 0,
        outage=outage.outage if outage else None,
        is_away=of_pods is not None,
        unavailable=trouble.reason if trouble else "",
        unavailable_message=outage.message if outage else trouble.message if trouble else "",
    )


def total(metrics: Sequence[MetricResult]) -> tuple[Verdict, str]:
    """Return the verdict of the metrics that decide, and the sentences of those that have it.

    >>> total(())[0].value
    'Pass'
    """
    deciding = [metric for metric in metrics if metric.mode is MetricMode.ENFORCE]
    for verdict in PRECEDENCE:
        having = [metric for metric in deciding if metric.verdict is verdict]
        if having:
            shown = having if verdict is Verdict.PASS else having[:1]
            return verdict, "; ".join(f"{metric.name}: {metric.message}" for metric in shown)
    return Verdict.PASS, "no metric decides"


def _metric_result(metric: AnalysisMetric, canary: CanaryMemory, seen: Round) -> MetricResult:
    trouble = _error(metric, seen, canary.source) or _no_data(metric, seen, canary.source)
    judge = share_result if metric.is_share else window_result
    result = judge(metric, canary, seen, trouble)
    if metric.max_relative is None or trouble is not None:
        return result
    return replace(result, message=f"{result.message}{_compared(metric, canary, seen)}")


def _compared(metric: AnalysisMetric, canary: CanaryMemory, seen: Round) -> str:
    """Return a part of a sentence: which pods a canary is compared with, where a baseline is
    wanted."""
    stable, is_late = seen.question.stable, seen.question.lacks_baseline
    if not stable.is_baseline and not is_late:
        return ""
    if not knows_pods(metric):
        return _OF_QUERY
    if canary.source is HistogramSource.GATEWAY and is_percentile(metric):
        return _OF_GATEWAY
    return _LACKS_BASELINE if is_late else f"; stable is the baseline of {_pods(stable)}"


def _pods(track: MeasuredTrack) -> str:
    return counted(len(track.pods), "pod")


def _error(
    metric: AnalysisMetric, seen: Round, source: HistogramSource
) -> tuple[Verdict, Trouble] | None:
    """Return the outage that this metric has, if any: Prometheus did not answer what it needs."""
    answer = no_answer(seen.sweep, families_of(metric) | core_families(seen.question.settings))
    if metric.type is MetricType.PROMETHEUS:
        answer = _query_error(metric, seen) or answer
    elif answer is None and is_percentile(metric):
        answer = gateway_outage(seen, source)
    if answer is None:
        return None
    words = f"Prometheus did not answer: {answer.message}"
    return Verdict.ERROR, Trouble(answer.outage.value, words)


def _query_error(metric: AnalysisMetric, seen: Round) -> NoAnswer | None:
    question = seen.question
    for track in tracks_of(question, metric):
        text = user_query(question, metric, track)
        answer = seen.sweep.queries.get(text) if text else None
        if isinstance(answer, NoAnswer):
            return answer
    return None


def _no_data(
    metric: AnalysisMetric, seen: Round, source: HistogramSource
) -> tuple[Verdict, Trouble] | None:
    """Return what keeps the metric from a verdict though Prometheus answers."""
    families = families_of(metric)
    is_query = metric.type is MetricType.PROMETHEUS
    if is_query and (trouble := query_trouble(seen.question, metric)):
        return trouble
    by_gateway = source is HistogramSource.GATEWAY and is_percentile(metric)
    if by_gateway:
        families -= {Family.BUCKETS}
    if warning := warning_of(seen.sweep, families | core_families(seen.question.settings)):
        return Verdict.NO_DATA, Trouble(INCOMPLETE, _WARNS.format(warning))
    if is_query:
        # Windows go on while some pod of the canary counts.
        return None if has_counted(seen.canary) else _trouble_of_canary(seen, frozenset())
    counters = families - {Family.GPU_UTILIZATION}
    if trouble := _trouble_of_pods(metric, seen, counters):
        return trouble
    trouble_of_gateway = gateway_trouble(seen) if by_gateway else None
    return (Verdict.NO_DATA, trouble_of_gateway) if trouble_of_gateway else None


def _trouble_of_pods(
    metric: AnalysisMetric, seen: Round, counters: frozenset[Family]
) -> tuple[Verdict, Trouble] | None:
    of_canary, stable = _trouble_of_canary(seen, counters), coverage(seen.stable, counters)
    needs_stable = metric.max_relative is not None
    if of_canary is not None and of_canary[0] is Verdict.NO_DATA:
        return of_canary
    if needs_stable and stable.gaps and not stable.is_enough:
        return Verdict.NO_DATA, _gap(seen.stable, counters, seen.question.stable.words, seen)
    if of_canary is not None:
        return of_canary
    if needs_stable and not stable.is_enough:
        track = seen.question.stable
        words = f"the {track.words}'s pods are too new"
        is_awaited = track.is_baseline and not track.pods
        return Verdict.LOW_TRAFFIC, Trouble(YOUNG, _NO_BASELINE if is_awaited else words)
    return None


def _trouble_of_canary(seen: Round, counters: frozenset[Family]) -> tuple[Verdict, Trouble] | None:
    """Return what a pod of the canary lacks, or that it is too new."""
    canary = coverage(seen.canary, counters)
    if canary.gaps:
        return Verdict.NO_DATA, _gap(seen.canary, counters, "canary", seen)
    if canary.is_whole:
        return None
    words = f"{canary.young} of {canary.pods} pods of the canary are too new"
    words = words if canary.pods else "no pod of the canary answers yet"
    return Verdict.LOW_TRAFFIC, Trouble(YOUNG, words)


def _gap(views: Views, families: frozenset[Family], track: str, seen: Round) -> Trouble:
    """Return what the pods of a track lack: series, or only the histogram."""
    others = coverage(views, families - {Family.BUCKETS})
    if not others.gaps:
        return Trouble(NO_HISTOGRAM, _NO_HISTOGRAM.format(track))
    trouble = coverage(views, families).trouble(track, seen.sweep)
    assert trouble is not None
    return trouble


def _outage_of_pods(seen: Round) -> NoAnswer | None:
    """Return why Prometheus gave no answer about the pods."""
    settings = seen.question.settings
    if seen.outage is not None:
        return seen.outage
    if (answer := no_answer(seen.sweep, {Family.GPU_UTILIZATION})) and any(
        metric.type is MetricType.GPU_UTILIZATION for metric in settings.metrics
    ):
        return answer
    return None


def _outage_of_queries(seen: Round) -> NoAnswer | None:
    metrics = seen.question.settings.metrics
    queries = (m for m in metrics if m.type is MetricType.PROMETHEUS)
    return next((error for m in queries if (error := _query_error(m, seen))), None)


def _outage_of_gateway(canary: CanaryMemory | None, seen: Round) -> NoAnswer | None:
    needs = any(map(is_percentile, seen.question.settings.metrics))
    return gateway_outage(seen, canary.source) if canary is not None and needs else None


def _trouble(seen: Round) -> Trouble | None:
    """Return why pods have no usable values though Prometheus answers, with or without a canary."""
    if seen.warning:
        return Trouble(INCOMPLETE, _WARNS.format(seen.warning))
    families = counters_of(seen.question.settings) - {Family.BUCKETS}
    canary = coverage(seen.canary, families).trouble("canary", seen.sweep)
    return canary or coverage(seen.stable, families).trouble(seen.question.stable.words, seen.sweep)


def _evidence(canary: CanaryMemory) -> tuple[EvidenceStatus, ...]:
    """Return the evidence about each limit, for the status."""
    limits = share_limits(canary.settings)
    return tuple(
        record_of(limit, canary.limits[limit.key]) for limit in limits if limit.key in canary.limits
    )
