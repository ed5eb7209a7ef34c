"""Reader of answers to instant queries (`/api/v1/query`): JSON to samples, with limits.

An answer beyond a limit is refused as a whole: a part of it would read as missing pods.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference_operator.adapters.prometheus.answers import (
    INFINITY,
    AnswerRefusedError,
    body_of,
    boundary_text,
    metric_of,
    warnings_of,
)
from inference_operator.adapters.prometheus.gateway_scope import LONGEST_LABEL
from inference_operator.adapters.prometheus.queries import (
    FORMS,
    MOST_ROWS_OF_NAMESPACE,
    WINDOW_LABEL,
    own_labels,
    pod_labels,
)
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.api.analysis import Window
from inference_operator.api.quoting import beginning
from inference_operator.domain.bounded_json import JsonLimits
from inference_operator.domain.measurement import (
    GATEWAY_FAMILIES,
    Family,
    FamilySamples,
    NoValue,
    PodName,
    QueryValue,
    Sample,
    Unusable,
)

MOST_BYTES = 32 << 20
MOST_ROWS = 100_000
# Bytes of the answer to a user's query, which is to have one row.
MOST_USER_BYTES = 256 << 10
# Each row is an object with an object of labels and a list of time and value.
_FAMILY = JsonLimits(size=MOST_BYTES, depth=8, containers=3 * MOST_ROWS + 1000)
_USER = JsonLimits(size=MOST_USER_BYTES, depth=8, containers=10_000)
# Kubernetes' limit of a pod's name; Triton's labels are shorter.
_LABEL_LENGTH = 253
_SERIES, _SERIES_LENGTH = 3, 300
_BY_WINDOW = {str(window): window for window in Window}
_WORDS = {"NaN": Unusable.NOT_A_NUMBER, "+Inf": Unusable.INFINITE, "-Inf": Unusable.INFINITE}
_NO_VALUE = {
    Unusable.NOT_A_NUMBER: NoValue.NOT_A_NUMBER,
    Unusable.INFINITE: NoValue.INFINITE,
}


@dataclass(frozen=True, slots=True)
class _Form:
    family: Family
    labels: tuple[str, ...]

    @property
    def longest(self) -> int:
        return LONGEST_LABEL if self.family in GATEWAY_FAMILIES else _LABEL_LENGTH


@dataclass(frozen=True, slots=True)
class _Answer:
    kind: str
    result: Any
    warnings: tuple[str, ...]


def family_samples(raw: bytes, family: Family, scope: Scope) -> FamilySamples:
    """Return the samples of a family, from the answer to its text.

    Rows with the same labels become one, with the greatest value: two Prometheus servers may write
    a boundary as `20` and as `20.0`.

    A namespace that has as many rows as it may have has none: others of its rows may be missing.

    Raises:
        AnswerRefusedError: for an error, for what is not an answer, and beyond a limit.
    """
    answer = _answer(raw, _FAMILY)
    if answer.kind != "vector" or not isinstance(answer.result, list):
        raise AnswerRefusedError(f"answered with {answer.kind}, expected a vector")
    if len(answer.result) > MOST_ROWS:
        raise AnswerRefusedError(
            f"answered with {len(answer.result):,} rows, expected at most {MOST_ROWS:,}: narrow the"
            " selector, or let one operator serve fewer namespaces"
        )
    samples: dict[tuple[PodName | None, Window | None, tuple[str, ...]], Sample] = {}
    without_pod = without_window = 0
    labels = own_labels(family, scope)
    for row in answer.result:
        metric = metric_of(row)
        pod, has_pod = _pod(metric, pod_labels(family, scope))
        window, has_window = _window(metric, family)
        without_pod += not has_pod
        without_window += not has_window
        if has_pod and has_window:
            sample = _sample(row, metric, _Form(family, labels), (pod, window))
            place = (pod, window, sample.labels)
            samples[place] = _greater(samples.get(place), sample)
    rows = Counter(pod.namespace for pod, _, _ in samples if pod)
    crowded = frozenset(name for name, most in rows.items() if most >= MOST_ROWS_OF_NAMESPACE)
    kept = tuple(s for s in samples.values() if s.pod is None or s.pod.namespace not in crowded)
    return FamilySamples(kept, without_pod, without_window, answer.warnings, crowded)


def user_value(raw: bytes) -> QueryValue:
    """Return the one value of a user's query, or why there is none.

    Raises:
        AnswerRefusedError: for an error, for what is not an answer, and beyond a limit.
    """
    answer = _answer(raw, _USER)
    if answer.kind == "scalar":
        return _user_value(_number(answer.result), answer)
    if answer.kind != "vector" or not isinstance(answer.result, list):
        raise AnswerRefusedError(f"answered with {answer.kind}, expected a vector or a scalar")
    if not answer.result:
        return QueryValue(NoValue.NO_SERIES, warnings=answer.warnings)
    if len(answer.result) > 1:
        series = tuple(_shown(metric_of(row)) for row in answer.result[:_SERIES])
        return QueryValue(NoValue.AMBIGUOUS, series, answer.warnings)
    metric_of(answer.result[0])
    return _user_value(_number(answer.result[0].get("value")), answer)


def boundary(label: str) -> float | None:
    """Return the upper bound of a bucket from its label `le`; None if it is none.

    >>> boundary("20"), boundary("20.0"), boundary("+Inf"), boundary("NaN")
    (20.0, 20.0, inf, None)
    """
    if label == INFINITY:
        return math.inf
    number = _float(label)
    return number if isinstance(number, float) else None


def _answer(raw: bytes, limits: JsonLimits) -> _Answer:
    body = body_of(raw, limits)
    data = body.get("data")
    if not isinstance(data, dict):
        raise AnswerRefusedError("answered without data")
    kind = beginning(str(data.get("resultType")), 20)
    return _Answer(kind, data.get("result"), warnings_of(body))


def _pod(metric: Mapping[str, Any], labels: Sequence[str]) -> tuple[PodName | None, bool]:
    """Return the pod, and False if the row must name one and does not."""
    if not labels:
        return None, True
    namespace, name = (metric.get(label) for label in labels)
    for text in (namespace, name):
        if not isinstance(text, str) or not 0 < len(text) <= _LABEL_LENGTH:
            return None, False
    return PodName(str(namespace), str(name)), True


def _window(metric: Mapping[str, Any], family: Family) -> tuple[Window | None, bool]:
    if not FORMS[family].has_window:
        return None, True
    text = metric.get(WINDOW_LABEL)
    window = _BY_WINDOW.get(text) if isinstance(text, str) else None
    return window, window is not None


def _sample(
    row: Mapping[str, Any],
    metric: Mapping[str, Any],
    form: _Form,
    place: tuple[PodName | None, Window | None],
) -> Sample:
    value = _number(row.get("value"))
    if isinstance(value, float) and value < 0:
        value = Unusable.NEGATIVE
    labels = []
    for name in form.labels:
        text = metric.get(name)
        if not isinstance(text, str) or not text:
            text, value = "", Unusable.LABEL_MISSING
        elif len(text) > form.longest:
            text, value = beginning(text, form.longest), Unusable.LABEL_TOO_LONG
        elif name == "le":
            bound = boundary(text)
            text = text if bound is None else boundary_text(bound)
        labels.append(text)
    return Sample(*place, tuple(labels), value)


def _greater(former: Sample | None, sample: Sample) -> Sample:
    """Return the one of two equal rows that counts: a reason for no value before any value."""
    if former is None or isinstance(sample.value, Unusable):
        return sample
    if isinstance(former.value, Unusable):
        return former
    return max(former, sample, key=lambda each: float(each.value))


def _number(point: Any) -> float | Unusable:
    """Return the value of a point, which is a list of a time and the value as text."""
    if not isinstance(point, list) or len(point) != 2:
        return Unusable.NOT_A_NUMBER
    return _float(point[1])


def _float(text: Any) -> float | Unusable:
    if not isinstance(text, str) or len(text) > 64:
        return Unusable.NOT_A_NUMBER
    if text in _WORDS:
        return _WORDS[text]
    try:
        number = float(text)
    except ValueError:
        return Unusable.NOT_A_NUMBER
    if math.isnan(number):
        return Unusable.NOT_A_NUMBER
    return Unusable.INFINITE if math.isinf(number) else number


def _user_value(value: float | Unusable, answer: _Answer) -> QueryValue:
    if isinstance(value, Unusable):
        return QueryValue(_NO_VALUE[value], warnings=answer.warnings)
    return QueryValue(value, warnings=answer.warnings)


def _shown(metric: Mapping[str, Any]) -> str:
    pairs = ",".join(f'{name}="{text}"' for name, text in list(metric.items())[:10])
    return beginning("{" + pairs + "}", _SERIES_LENGTH)
