"""Parts of a row of Prometheus' answers: its labels, and the number of its point."""

import math
from collections.abc import Mapping
from typing import Any

from inference_operator.adapters.prometheus.answer_reader import AnswerRefusedError
from inference_operator.domain.measurement import Unusable

_NUMBER_LENGTH = 64
_WORDS = {"NaN": Unusable.NOT_A_NUMBER, "+Inf": Unusable.INFINITE, "-Inf": Unusable.INFINITE}


def metric_of(row: Any) -> Mapping[str, Any]:
    """Return the labels of a row; AnswerRefusedError if it has none."""
    metric = row.get("metric") if isinstance(row, dict) else None
    if not isinstance(metric, dict):
        raise AnswerRefusedError("answered with a row that has no labels")
    return metric


def value_of(point: Any) -> float | Unusable:
    """Return the value of a point, which is a list of a time and the value as text."""
    if not isinstance(point, list) or len(point) != 2:
        return Unusable.NOT_A_NUMBER
    return number_of(point[1])


def number_of(text: Any) -> float | Unusable:
    """Return a value that Prometheus writes as text, or why it is none.

    >>> number_of("-7.5"), number_of("+Inf").value, number_of("many").value, number_of(7).value
    (-7.5, 'Infinite', 'NotANumber', 'NotANumber')
    """
    if not isinstance(text, str) or len(text) > _NUMBER_LENGTH:
        return Unusable.NOT_A_NUMBER
    if text in _WORDS:
        return _WORDS[text]
    try:
        number = float(text)
    except ValueError:
        return Unusable.NOT_A_NUMBER
    if math.isfinite(number):
        return number
    return Unusable.NOT_A_NUMBER if math.isnan(number) else Unusable.INFINITE
