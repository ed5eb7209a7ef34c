"""Judgement of values that have no evidence: means, use of GPUs, and answers to users' queries.

Each disjoint window gives one value of each track. No error rate is known of this rule.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inference_operator.api.analysis import AnalysisMetric, MetricType
from inference_operator.api.analysis_status import Verdict
from inference_operator.api.limit_text import milliseconds_of, share_of
from inference_operator.domain.analysis import AnalysisQuestion, MeasuredTrack
from inference_operator.domain.measurement import (
    Family,
    NoAnswer,
    NoValue,
    PodName,
    Sample,
    Sweep,
)
from inference_operator.planning.analysis.memory import WindowVerdict
from inference_operator.planning.analysis.queries import compared, query_trouble, user_query
from inference_operator.planning.analysis.shares import Judged
from inference_operator.planning.measuring.totals import Totals
from inference_operator.planning.number_texts import (
    count,
    duration,
    number,
    percent,
)

# A mean of fewer requests says little, and its counters do not tell how they vary.
FEWEST_REQUESTS = 200
SHARED_GPU = "SharedGPU"


@dataclass(frozen=True, slots=True)
class Value:
    """A value of one track, or why there is none."""

    value: float | None = None
    requests: float = math.inf
    """Requests that it is the mean of; infinity for values that are no mean of requests."""

    reason: str = ""
    message: str = ""


def judged_window(
    question: AnalysisQuestion, metric: AnalysisMetric, window: Judged, sweep: Sweep
) -> WindowVerdict:
    """Return the verdict on one metric over one window."""
    if (trouble := query_trouble(question, metric)) is not None:
        verdict, why = trouble
        return WindowVerdict(verdict, why.message, reason=why.reason)
    canary_track = question.canary or question.stable
    canary = _value(question, metric, canary_track, window.canary, sweep)
    stable = _value(question, metric, question.stable, window.stable, sweep)
    needs_stable = metric.max_relative is not None
    other = compared(question, metric)
    for name, value in (("canary", canary), (other, stable)):
        if value.reason and (name == "canary" or needs_stable):
            return WindowVerdict(Verdict.NO_DATA, f"{name}: {value.message}", reason=value.reason)
    fewest = max(question.settings.min_samples, FEWEST_REQUESTS)
    judged = [("canary", canary), *([(other, stable)] if needs_stable else [])]
    for name, value in judged:
        if value.value is None or value.requests < fewest:
            missing = fewest - value.requests
            return WindowVerdict(
                Verdict.LOW_TRAFFIC,
                f"the {name} had {count(value.requests)} requests in the last window; "
                f"{count(math.ceil(missing))} more are missing",
                samples=_samples(canary),
            )
    return _compared(metric, canary, stable, window.is_overloaded)


def _compared(
    metric: AnalysisMetric, canary: Value, stable: Value, is_overloaded: bool
) -> WindowVerdict:
    show = _SHOWS[metric.type]
    value, of_stable = canary.value or 0.0, stable.value
    limits: list[tuple[float, str, bool]] = []
    if metric.max is not None:
        limit = _READS[metric.type](metric.max)
        limits.append((limit, show(limit), False))
    if metric.max_relative is not None and of_stable is not None:
        if of_stable <= 0 < value - of_stable:
            return WindowVerdict(
                Verdict.INCOMPARABLE,
                f"{show(value)} cannot be compared with {show(of_stable)} of the stable revision "
                "as a percentage: write max",
                show(value),
                show(of_stable),
                reason="NotPositive",
            )
        limit = max(of_stable, of_stable * share_of(metric.max_relative))
        limits.append((limit, f"{show(limit)} ({metric.max_relative} of stable)", True))
    exceeded = [each for each in limits if value > each[0]]
    nearest = min(exceeded or limits, key=lambda each: each[0], default=(math.inf, "", False))
    is_only_relative = bool(exceeded) and all(is_relative for _, _, is_relative in exceeded)
    verdict = Verdict.FAIL if exceeded else Verdict.PASS
    words = f"{show(value)} is above" if exceeded else f"{show(value)} is within"
    message = f"{words} {nearest[1]}"
    if is_only_relative and is_overloaded:
        verdict = Verdict.INCOMPARABLE
        message += ", but the canary's pods have more than 1.5 times the load of the stable ones"
    samples = _samples(canary)
    return WindowVerdict(
        verdict,
        message + (f", {count(samples)} requests" if samples else ""),
        show(value),
        show(of_stable) if of_stable is not None else "",
        nearest[1],
        samples,
    )


def _value(
    question: AnalysisQuestion,
    metric: AnalysisMetric,
    track: MeasuredTrack,
    totals: Totals,
    sweep: Sweep,
) -> Value:
    match metric.type:
        case MetricType.QUEUE_TIME:
            return _queue_time(track, totals)
        case MetricType.GPU_UTILIZATION:
            return _gpu(question, track, sweep)
        case MetricType.PROMETHEUS:
            return _answered(question, metric, track, sweep)
        case _:
            return _mean(totals.timed, totals.request_us)


def _mean(requests: float, us: float) -> Value:
    return Value(us / requests / 1000 if requests > 0 else None, requests)


def _queue_time(track: MeasuredTrack, totals: Totals) -> Value:
    """Return the mean time in the queue: of a pipeline, that of the slowest of its models."""
    models = track.step_models or (track.model,)
    means = [_mean(*totals.queues[model]) for model in models if model in totals.queues]
    return max(means, key=lambda each: each.value or 0.0, default=Value(None, 0.0))


def _gpu(question: AnalysisQuestion, track: MeasuredTrack, sweep: Sweep) -> Value:
    """Return the mean use of the GPUs of a track's pods, 0 to 1."""
    values = []
    for pod in track.pods:
        name = PodName(question.unit.namespace, pod.name)
        samples = [
            each
            for each in sweep.by_pod.get(name, {}).get(Family.GPU_UTILIZATION, ())
            if each.window in (None, question.settings.window)
        ]
        if words := _shared_gpu(name, samples, sweep):
            return Value(reason=SHARED_GPU, message=words)
        own = [each.value for each in samples]
        usable = [each for each in own if isinstance(each, float) and 0 <= each <= 1]
        if len(usable) < len(own):
            return Value(
                reason="NotFinite", message=f"GPU utilisation of pod {pod.name} is no share"
            )
        if usable:
            values.append(math.fsum(usable) / len(usable))
    if len(values) < len(track.pods) or not values:
        words = f"{len(values)} of {len(track.pods)} pods have GPU metrics"
        return Value(reason="NoSeries", message=words)
    return Value(math.fsum(values) / len(values))


def _shared_gpu(pod: PodName, samples: Sequence[Sample], sweep: Sweep) -> str:
    """Return whose work the use of a pod's GPU is too, as a sentence; "" if it is the pod's alone.

    Prometheus has the utilisation of the whole GPU, and not that of each pod.
    """
    for gpu in (sample.labels[0] for sample in samples):
        pods = sweep.shared_gpus.get(gpu)
        if pods is not None:
            other = next(each for each in pods if each != pod)
            # A status is no way to learn what runs in namespaces of others.
            is_own = other.namespace == pod.namespace
            named = other.name if is_own else "a pod of another namespace"
            return (
                f"the pod {pod.name} and {named} share the GPU {gpu}, and its utilisation is that"
                " of both: judge a latency instead, or give each pod a GPU of its own"
            )
    return ""


def _answered(
    question: AnalysisQuestion, metric: AnalysisMetric, track: MeasuredTrack, sweep: Sweep
) -> Value:
    text = user_query(question, metric, track)
    answer = sweep.queries.get(text) if text else None
    if answer is None or isinstance(answer, NoAnswer):
        return Value(reason="NoSeries", message="the query was not asked")
    if answer.warnings:
        return Value(reason="Incomplete", message=f"Prometheus warns: {answer.warnings[0]}")
    if isinstance(answer.value, NoValue):
        return Value(reason=answer.value.value, message=_NO_VALUE[answer.value](answer.series))
    return Value(answer.value)


def _samples(value: Value) -> int:
    return math.floor(value.requests) if math.isfinite(value.requests) else 0


_NO_VALUE: dict[NoValue, Callable[[tuple[str, ...]], str]] = {
    NoValue.NO_SERIES: lambda _: (
        "the query answers no series: if $window holds fewer than two scrapes, write a longer one"
    ),
    NoValue.AMBIGUOUS: lambda series: (
        f"the query answers several series ({', '.join(series)}): add them up in the query"
    ),
    NoValue.NOT_A_NUMBER: lambda _: "the query answers NaN, as 0 / 0 does",
    NoValue.INFINITE: lambda _: "the query answers an infinite value, as 1 / 0 does",
}
_SHOWS: dict[MetricType, Callable[[float], str]] = {
    MetricType.ERROR_RATE: percent,
    MetricType.LATENCY: duration,
    MetricType.QUEUE_TIME: duration,
    MetricType.GPU_UTILIZATION: percent,
    MetricType.PROMETHEUS: number,
}
_READS: dict[MetricType, Callable[[str], float]] = {
    MetricType.ERROR_RATE: share_of,
    MetricType.LATENCY: milliseconds_of,
    MetricType.QUEUE_TIME: milliseconds_of,
    MetricType.GPU_UTILIZATION: share_of,
    MetricType.PROMETHEUS: float,
}
