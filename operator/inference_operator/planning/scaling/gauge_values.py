"""Values of metrics that are gauges: waiting requests, and the use of GPUs."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from inference_operator.api.autoscaling_metric import ScalingMetric, ScalingMetricType
from inference_operator.domain.measurement import Family, PodName, Sample
from inference_operator.domain.scaling import MetricLoad
from inference_operator.planning.measuring.counters import Gap, Missing
from inference_operator.planning.measuring.coverage import said
from inference_operator.planning.scaling.sight import Sight

SHARED_GPU = "SharedGPU"
WINDOW_TOO_SHORT = "WindowTooShort"
# More requests cannot wait: it is no count.
_MOST_WAITING = 1e9
_FAMILIES = {
    ScalingMetricType.PENDING_REQUESTS: Family.PENDING,
    ScalingMetricType.GPU_UTILIZATION: Family.GPU_UTILIZATION,
    ScalingMetricType.GPU_MEMORY: Family.GPU_MEMORY,
}


@dataclass(frozen=True, slots=True)
class _Read:
    values: tuple[float, ...]
    gaps: tuple[tuple[str, Gap], ...]
    young: int


def gauge_load(sight: Sight, metric: ScalingMetric) -> MetricLoad:
    """Return the load by a metric that Prometheus averages over its window."""
    family = _FAMILIES[metric.type]
    read = _read(sight, metric, family)
    pods, seen = len(sight.track.pods), len(read.values)
    reason, message = _trouble(sight, metric, read)
    shared = _shared_gpu(sight, metric, family) if family is not Family.PENDING else ""
    if shared:
        reason, message = SHARED_GPU, shared
    mean = math.fsum(read.values) / seen if seen else None
    if mean is None and not reason:
        reason, message = "Young", ""
    return MetricLoad(
        metric.label,
        mean,
        math.fsum(read.values),
        pods,
        seen,
        read.young,
        can_shrink=not reason,
        reason=reason,
        message=message,
    )


def _read(sight: Sight, metric: ScalingMetric, family: Family) -> _Read:
    values, gaps, young = [], [], 0
    for pod in sight.track.pods:
        gap = sight.gap_of(pod, metric)
        if sight.is_young(pod, metric) or (gap is not None and gap.reason is Missing.YOUNG):
            young += 1
        elif gap is not None:
            gaps.append((pod.name, gap))
        elif isinstance(value := _of_pod(sight, metric, family, pod.name), Gap):
            gaps.append((pod.name, value))
        else:
            values.append(value)
    return _Read(tuple(values), tuple(gaps), young)


def _of_pod(sight: Sight, metric: ScalingMetric, family: Family, pod: str) -> float | Gap:
    samples = sight.samples(pod, family, metric)
    if family is Family.PENDING:
        # A pipeline's own count is always 0: its models have the requests that wait.
        samples = [each for each in samples if each.labels[0] in sight.models]
    if not samples:
        return Gap(Missing.NO_SERIES)
    most = _MOST_WAITING if family is Family.PENDING else 1.0
    values = [each.value for each in samples]
    usable = [each for each in values if isinstance(each, float) and 0 <= each <= most]
    if len(usable) < len(values):
        bad = next(each for each in values if each not in usable)
        return Gap(Missing.NOT_FINITE, f"{bad:g}" if isinstance(bad, float) else str(bad))
    total = math.fsum(usable)
    return total if family is Family.PENDING else total / len(usable)


def _trouble(sight: Sight, metric: ScalingMetric, read: _Read) -> tuple[str, str]:
    if not read.gaps:
        return "", ""
    reasons = Counter(gap.reason for _, gap in read.gaps)
    reason = max(reasons, key=lambda each: reasons[each])
    name, gap = next(item for item in read.gaps if item[1].reason is reason)
    is_short = metric.window.length.total_seconds() < sight.sweep.age_limit
    if reason is Missing.NO_SERIES and is_short and metric.type is not ScalingMetricType.GPU_MEMORY:
        words = f"a window of {metric.window} has fewer than two scrapes: write a longer one"
        return WINDOW_TOO_SHORT, words
    words = f"{len(read.gaps)} of {len(sight.track.pods)} pods have {said(gap)} (such as {name})"
    is_partial = bool(read.values) and reason is Missing.NO_SERIES
    return "Partial" if is_partial else reason.value, words


def _shared_gpu(sight: Sight, metric: ScalingMetric, family: Family) -> str:
    """Return which GPU several pods use, as a sentence; "" if each pod has its own."""
    namespace = sight.question.unit.namespace
    for pod in sight.track.pods:
        samples: Sequence[Sample] = sight.samples(pod.name, family, metric)
        for gpu in (each.labels[0] for each in samples):
            pair = sight.sweep.shared_gpus.get(gpu)
            if pair is not None:
                other = next(each for each in pair if each != PodName(namespace, pod.name))
                # A status is no way to learn what runs in namespaces of others.
                own = other.namespace == namespace
                whose = other.name if own else "a pod of another namespace"
                return f"the pod {pod.name} and {whose} share the GPU {gpu}"
    return ""
