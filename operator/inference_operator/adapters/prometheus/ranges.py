"""Answers of `/api/v1/query_range`: what the operator's queries would have answered in the past.

A value that is no count is left out, as if it had not been measured.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.adapters.prometheus.answers import (
    AnswerRefusedError,
    body_of,
    boundary_text,
    metric_of,
    warnings_of,
)
from inference_operator.adapters.prometheus.queries import FORMS, pod_labels
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.domain.bounded_json import JsonLimits
from inference_operator.domain.measurement import Family, PodName, Sample

MOST_BYTES = 32 << 20
MOST_POINTS = 400_000
_LABEL_LENGTH = 253
_NUMBER_LENGTH = 64
# Each point is a list; each row an object with an object of labels and a list of points.
_LIMITS = JsonLimits(size=MOST_BYTES, depth=8, containers=2 * MOST_POINTS)
SamplesByTime = Mapping[float, Mapping[PodName, tuple[Sample, ...]]]


@dataclass(frozen=True, slots=True)
class RangeAnswer:
    """The samples of one family."""

    samples: SamplesByTime
    """By the evaluation time in seconds of Unix time, and by pod."""

    unusable: int
    """Values that are not finite or negative, and rows without their labels."""

    warnings: tuple[str, ...] = ()
    """Prometheus' warnings. With any, samples may be missing."""


def range_samples(raw: bytes, family: Family, scope: Scope) -> RangeAnswer:
    """Return the samples of a family without windows, from the answer to its text.

    Raises:
        AnswerRefusedError: for an error, for what is not an answer, and beyond a limit.
    """
    body = body_of(raw, _LIMITS)
    data = body.get("data")
    result = data.get("result") if isinstance(data, dict) else None
    if not isinstance(data, dict) or data.get("resultType") != "matrix":
        raise AnswerRefusedError("answered without a matrix")
    if not isinstance(result, list):
        raise AnswerRefusedError("answered with a matrix that is not a list")
    values: dict[tuple[float, PodName, tuple[str, ...]], float] = {}
    unusable = 0
    for row in result:
        named = _named(row, family, scope)
        if named is None:
            unusable += 1
            continue
        pod, labels = named
        for time, value in _points(row):
            if math.isfinite(time) and math.isfinite(value) and value >= 0:
                # Two servers may write one boundary in two ways.
                place = time, pod, labels
                values[place] = max(values.get(place, 0.0), value)
            else:
                unusable += 1
    return RangeAnswer(_by_time(values), unusable, warnings_of(body))


def _by_time(values: Mapping[tuple[float, PodName, tuple[str, ...]], float]) -> SamplesByTime:
    by_time: dict[float, dict[PodName, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for (time, pod, labels), value in values.items():
        by_time[time][pod].append(Sample(pod, None, labels, value))
    return {
        time: {pod: tuple(each) for pod, each in by_pod.items()} for time, by_pod in by_time.items()
    }


def _named(row: Any, family: Family, scope: Scope) -> tuple[PodName, tuple[str, ...]] | None:
    """Return the pod and the labels of a row; None if one of them is missing or too long."""
    metric = metric_of(row)
    names = (*pod_labels(family, scope), *FORMS[family].labels)
    texts = [metric.get(name) for name in names]
    if not all(isinstance(text, str) and 0 < len(text) <= _LABEL_LENGTH for text in texts):
        return None
    namespace, pod, *labels = map(str, texts)
    if family is Family.BUCKETS:
        labels[-1] = boundary_text(_number(labels[-1]))
    return PodName(namespace, pod), tuple(labels)


def _points(row: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """Yield times and values; a value that is no number is NaN."""
    points = row.get("values")
    for point in points if isinstance(points, list) else ():
        if not isinstance(point, list) or len(point) != 2:
            raise AnswerRefusedError("answered with a point that is not a pair")
        yield _number(point[0]), _number(point[1])


def _number(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return math.nan
    if isinstance(given, str) and len(given) > _NUMBER_LENGTH:
        return math.nan
    try:
        return float(given)
    except (ValueError, OverflowError):
        return math.nan
