"""The record of the last verdict on a canary, which the status keeps."""

from collections.abc import Iterator
from datetime import datetime

from inference_operator.api.analysis_status import (
    METRIC_MESSAGE_LENGTH,
    SOURCE_LENGTH,
    VALUE_LENGTH,
    AnalysisStatus,
    MetricStatus,
    Verdict,
)
from inference_operator.domain.analysis import AnalysisResult, MetricResult
from inference_operator.domain.message_limits import truncate


def verdicts(status: AnalysisStatus) -> tuple[object, ...]:
    """Return what makes a record a new one: the verdicts, why a value is missing, and whether
    Prometheus is away."""
    return (status.verdict, status.error_since is not None, *_of_metrics(status.metrics))


def verdicts_of(result: AnalysisResult) -> tuple[object, ...]:
    """Return the same of an answer."""
    return (result.verdict, _is_error(result), *_of_metrics(_metrics(result)))


def record_of(
    result: AnalysisResult, canary: str, kept: AnalysisStatus | None, now: datetime
) -> AnalysisStatus:
    """Return the record of an answer. The time of an outage does not count for `maxHold`."""
    holding_since = kept.holding_since if kept else None
    error_since = min(kept.error_since, now) if kept and kept.error_since else None
    is_error = _is_error(result)
    if holding_since is not None and error_since is not None and not is_error:
        holding_since = min(holding_since + (now - max(error_since, holding_since)), now)
    return AnalysisStatus(
        revision=canary,
        end=result.at,
        verdict=result.verdict,
        message=_text(result.message, METRIC_MESSAGE_LENGTH),
        holding_since=holding_since,
        error_since=(error_since or now) if is_error else None,
        timed_out_at=kept.timed_out_at if kept else None,
        metrics=_metrics(result),
        evidence=result.evidence,
    )


def _is_error(result: AnalysisResult) -> bool:
    return result.verdict is Verdict.ERROR and result.is_away


def _of_metrics(metrics: tuple[MetricStatus, ...]) -> Iterator[tuple[object, ...]]:
    return ((metric.name, metric.verdict, metric.reason) for metric in metrics)


def _metrics(result: AnalysisResult) -> tuple[MetricStatus, ...]:
    return tuple(map(_metric, result.metrics))


def _metric(metric: MetricResult) -> MetricStatus:
    return MetricStatus(
        name=metric.name,
        verdict=metric.verdict,
        canary=_text(metric.canary, VALUE_LENGTH),
        stable=_text(metric.stable, VALUE_LENGTH),
        limit=_text(metric.limit, VALUE_LENGTH),
        samples=metric.samples,
        failed=_text(metric.failed, VALUE_LENGTH),
        source=_text(metric.source, SOURCE_LENGTH),
        reason=_text(metric.reason, VALUE_LENGTH),
        message=_text(metric.message, METRIC_MESSAGE_LENGTH),
    )


def _text(text: str, limit: int) -> str | None:
    return truncate(text, limit) or None


def changed(record: AnalysisStatus, **changes: datetime | None) -> AnalysisStatus:
    """Return the record with other times."""
    # Validated again, since a time becomes one of whole seconds.
    return AnalysisStatus(**{**dict(record), **changes})
