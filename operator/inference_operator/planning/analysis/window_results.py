"""The verdict on a metric that is judged by its last windows."""

from inference_operator.api.analysis import AnalysisMetric, MetricType
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import MetricResult
from inference_operator.planning.analysis.memory import CanaryMemory, WindowVerdict
from inference_operator.planning.analysis.round import Round
from inference_operator.planning.measuring.coverage import Trouble
from model_builders.statistics.wilson import fails

_SOURCES = {
    MetricType.LATENCY: "nv_inference_request_duration_us, of requests that succeeded",
    MetricType.QUEUE_TIME: "nv_inference_queue_duration_us",
    MetricType.GPU_UTILIZATION: "nv_gpu_utilization",
    MetricType.PROMETHEUS: "query",
}


def window_result(
    metric: AnalysisMetric,
    canary: CanaryMemory,
    seen: Round,
    trouble: tuple[Verdict, Trouble] | None,
) -> MetricResult:
    """Return the verdict on a mean, a gauge or a query."""
    settings = seen.question.settings
    ring = canary.rings.get(metric.name, ())
    failing = [each.verdict is Verdict.FAIL for each in ring]
    failed = f"{sum(failing)} of {len(ring)}" if ring else ""
    if fails(failing, settings.failures, settings.out_of):
        last = next(each for each in reversed(ring) if each.verdict is Verdict.FAIL)
        words = f"{last.message}; {failed} windows failed"
        return _result(metric, last, (Verdict.FAIL, words), failed)
    shown = ring[-1] if ring else None
    if trouble is not None:
        verdict, why = trouble
        return _result(metric, shown, (verdict, why.message), failed, why.reason)
    if shown is None:
        words = f"the first window of {settings.window} has not ended"
        return _result(metric, None, (Verdict.LOW_TRAFFIC, words), failed)
    if shown.verdict is Verdict.FAIL:
        words = f"{shown.message}; {failed} windows failed, {settings.failures} would abort"
        return _result(metric, shown, (Verdict.LOW_TRAFFIC, words), failed)
    return _result(metric, shown, (shown.verdict, shown.message), failed, shown.reason)


def _result(
    metric: AnalysisMetric,
    window: WindowVerdict | None,
    verdict: tuple[Verdict, str],
    failed: str,
    reason: str = "",
) -> MetricResult:
    return MetricResult(
        name=metric.name,
        verdict=verdict[0],
        mode=metric.mode,
        message=verdict[1],
        canary=window.canary if window else "",
        stable=window.stable if window else "",
        limit=window.limit if window else "",
        samples=window.samples if window else 0,
        failed=failed,
        source=_SOURCES[metric.type],
        reason=reason,
    )
