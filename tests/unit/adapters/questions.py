"""Questions about units, as passes ask them."""

from datetime import UTC, datetime, timedelta

from inference_operator.api.analysis import Analysis, AnalysisMetric, MetricType
from inference_operator.domain.analysis import AnalysisQuestion, MeasuredPod, MeasuredTrack
from inference_operator.domain.names import UnitKey

NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)
ERRORS = AnalysisMetric(name="errors", type=MetricType.ERROR_RATE, max="1%")


def user_metric(query: str, name: str = "pnl") -> AnalysisMetric:
    return AnalysisMetric(name=name, type=MetricType.PROMETHEUS, query=query, max="1")


def question(
    name: str = "price",
    *metrics: AnalysisMetric,
    namespace: str = "shop",
    uid: str = "u1",
    canary: str | None = "canary",
) -> AnalysisQuestion:
    """A question about a unit with one pod of each revision."""
    return AnalysisQuestion(
        unit=UnitKey("InferenceModel", namespace, name),
        uid=uid,
        settings=Analysis(metrics=metrics or (ERRORS,)),
        stable=track(f"{name}-stable", "stable", 3),
        canary=track(f"{name}-canary", canary, 4) if canary else None,
    )


def track(pod: str, revision: str, version: int) -> MeasuredTrack:
    pods = (MeasuredPod(pod, NOON, timedelta(seconds=9)),)
    return MeasuredTrack(revision, "price", version, pods=pods)
