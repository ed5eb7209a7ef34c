"""Text about an analysis: what is measured of a canary, and how it is judged."""

from collections.abc import Iterator

from inference_operator.api.analysis import (
    Analysis,
    AnalysisMetric,
    MetricMode,
    MetricType,
    OnTimeout,
    Statistic,
)
from inference_operator.api.base import format_duration
from inference_operator.api.canary import Canary, StepAnalysis
from inference_operator.api.quoting import counted
from inference_operator.domain.query_template import fill, names_pods
from inference_operator.domain.serving_unit import ServingUnit

_OF_TYPE = {
    MetricType.ERROR_RATE: "failed requests in percent of all",
    MetricType.QUEUE_TIME: "mean time in Triton's queue",
    MetricType.GPU_UTILIZATION: "mean use of the pods' GPUs",
}
_AFTERWARDS = {
    OnTimeout.PAUSE: "a person must promote or abort it",
    OnTimeout.ABORT: "it is aborted",
    OnTimeout.PROMOTE: "it goes on as if its metrics had passed",
}


def analysis_lines(unit: ServingUnit) -> Iterator[str]:
    """Yield when a new revision is judged, what follows without a verdict, and each metric."""
    canary = unit.rollout.canary
    if canary is None or canary.analysis is None:
        return
    analysis = canary.analysis
    yield f"analysis: {_when(canary, analysis)}"
    yield (
        f"analysis: without a verdict for {format_duration(analysis.max_hold)} (maxHold),"
        f" {_AFTERWARDS[analysis.on_timeout]} (onTimeout {analysis.on_timeout})"
    )
    if analysis.has_baseline:
        yield (
            "analysis: a baseline of as many new pods as the canary has runs the stable revision"
            " beside it (comparedWith Baseline)"
        )
    for metric in analysis.metrics:
        yield f"metric {metric.name}: {_metric(metric, analysis, unit)}"


def _when(canary: Canary, analysis: Analysis) -> str:
    """Return when the metrics decide.

    >>> errors = {"name": "errors", "type": "ErrorRate", "max": "1%"}
    >>> steps = [{"setWeight": 10}, {"analysis": {"count": 3}}]
    >>> given = {"steps": steps, "analysis": {"metrics": [errors]}}
    >>> canary = Canary.model_validate(given)
    >>> _when(canary, canary.analysis)
    'metrics judge a new revision from step 1 of 2 on; step 2 takes 3 judgements that pass'
    """
    first = f"step {analysis.starting_step + 1} of {len(canary.steps)}"
    steps = [
        f"step {number} takes {_judgements(step.analysis)}"
        for number, step in enumerate(canary.steps, start=1)
        if step.analysis is not None
    ]
    return "; ".join([f"metrics judge a new revision from {first} on", *steps])


def _judgements(step: StepAnalysis) -> str:
    of = f" of {', '.join(step.metrics)}" if step.metrics else ""
    passes = "that passes" if step.count == 1 else "that pass"
    return f"{counted(step.count, 'judgement')}{of} {passes}"


def _metric(metric: AnalysisMetric, analysis: Analysis, unit: ServingUnit) -> str:
    limits = []
    if metric.max is not None:
        limits.append(f"at most {metric.max}")
    if metric.max_relative is not None:
        limits.append(f"at most {metric.max_relative} of the {_compared(metric, analysis)}")
    shown_only = "; DryRun: it decides nothing" if metric.mode is MetricMode.DRY_RUN else ""
    return (
        f"{_measured(metric, analysis, unit)}: {' and '.join(limits)}; {_judged(metric, analysis)}"
        f"{shown_only}"
    )


def _compared(metric: AnalysisMetric, analysis: Analysis) -> str:
    if not analysis.has_baseline:
        return "stable revision's"
    is_query = metric.type is MetricType.PROMETHEUS
    if is_query and not names_pods(metric.query or ""):
        return "stable revision's, since the query does not name $pods"
    return "baseline's"


def _measured(metric: AnalysisMetric, analysis: Analysis, unit: ServingUnit) -> str:
    if metric.type is MetricType.LATENCY:
        if metric.statistic is Statistic.MEAN:
            return "mean time of the requests that succeeded"
        return f"{metric.statistic} of all requests"
    if metric.type is MetricType.PROMETHEUS:
        values = {
            "namespace": unit.key.namespace,
            "model": unit.entry_model.name,
            "revision": unit.revision,
            "pods": "POD|POD",
        }
        return f"query {fill(metric.query or '', values, analysis.window)}"
    return _OF_TYPE[metric.type]


def _judged(metric: AnalysisMetric, analysis: Analysis) -> str:
    if metric.is_share:
        requests = counted(analysis.min_samples, "request")
        return f"by evidence (alpha 1%) of {requests} or more"
    windows = f"{analysis.failures} of the last {analysis.out_of} windows of {analysis.window}"
    return f"it fails if {windows} exceed a limit"
