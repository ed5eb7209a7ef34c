"""Reader of the answers to users' queries: one value, or why there is none."""

from collections.abc import Mapping
from typing import Any

from inference_operator.adapters.prometheus.points import metric_of, value_of
from inference_operator.api.quoting import beginning
from inference_operator.domain.measurement import NoValue, QueryValue, Unusable

MOST_USER_BYTES = 256 << 10
"""Bytes of the answer to a user's query, which is to have one row."""

_SERIES, _SERIES_LENGTH = 3, 300
_LABELS = 10
_NO_VALUE = {
    Unusable.NOT_A_NUMBER: NoValue.NOT_A_NUMBER,
    Unusable.INFINITE: NoValue.INFINITE,
}


class UserValue:
    """Taker of the rows of one user's query."""

    kinds = ("vector", "scalar")
    row_length = MOST_USER_BYTES

    def __init__(self) -> None:
        self._first: list[Any] = []
        self._count = 0

    def take(self, row: Any) -> None:
        """Keep one of the first rows. Those of a scalar are its time and its value."""
        self._count += 1
        if len(self._first) < _SERIES:
            self._first.append(row)

    def made(self, kind: str, warnings: tuple[str, ...]) -> QueryValue:
        """Return the value; AnswerRefusedError for a row without labels."""
        if kind == "scalar":
            return _value(value_of(self._first), warnings)
        if not self._first:
            return QueryValue(NoValue.NO_SERIES, warnings=warnings)
        labels = [metric_of(row) for row in self._first]
        if self._count > 1:
            return QueryValue(NoValue.AMBIGUOUS, tuple(map(_shown, labels)), warnings)
        return _value(value_of(self._first[0].get("value")), warnings)


def _value(value: float | Unusable, warnings: tuple[str, ...]) -> QueryValue:
    if isinstance(value, Unusable):
        return QueryValue(_NO_VALUE[value], warnings=warnings)
    return QueryValue(value, warnings=warnings)


def _shown(metric: Mapping[str, Any]) -> str:
    pairs = ",".join(f'{name}="{text}"' for name, text in list(metric.items())[:_LABELS])
    return beginning("{" + pairs + "}", _SERIES_LENGTH)
