"""Answers of `/api/v1/query_range`: what the operator's queries would have answered in the past.

A value that is no count is left out, as if it had not been measured.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.adapters.prometheus.answer_reader import AnswerRefusedError
from inference_operator.adapters.prometheus.points import metric_of
from inference_operator.adapters.prometheus.queries import FORMS, pod_labels
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.domain.histogram_label import boundary_text
from inference_operator.domain.measurement import Family, PodName, Sample

MOST_BYTES = 32 << 20
MOST_POINTS = 400_000
_LABEL_LENGTH = 253
_NUMBER_LENGTH = 64
# Characters of one row: Prometheus gives at most 11,000 points of a series.
_ROW_LENGTH = 1 << 20
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


class RangeRows:
    """Taker of the rows of a family without windows, over a range of time."""

    kinds = ("matrix",)
    row_length = _ROW_LENGTH

    def __init__(self, family: Family, scope: Scope) -> None:
        self._family = family
        self._scope = scope
        self._values: dict[tuple[float, PodName, tuple[str, ...]], float] = {}
        self._points = self._unusable = 0

    def take(self, row: Any) -> None:
        """Take a row; AnswerRefusedError for one that is none, and beyond the limit of points."""
        named = _named(row, self._family, self._scope)
        if named is None:
            self._unusable += 1
            return
        pod, labels = named
        for time, value in _points(row):
            self._points += 1
            if self._points > MOST_POINTS:
                raise AnswerRefusedError(f"answered with more than {MOST_POINTS:,} points")
            if math.isfinite(time) and math.isfinite(value) and value >= 0:
                # Two servers may write one boundary in two ways.
                place = time, pod, labels
                self._values[place] = max(self._values.get(place, 0.0), value)
            else:
                self._unusable += 1

    def made(self, kind: str, warnings: tuple[str, ...]) -> RangeAnswer:
        """Return the samples."""
        return RangeAnswer(_by_time(self._values), self._unusable, warnings)


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
