"""Answers of Prometheus, in parts and as a whole, to each of their readers."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from inference_operator.adapters.prometheus.answer_reader import (
    AnswerReader,
    AnswerRefusedError,
    Taker,
)
from inference_operator.adapters.prometheus.ranges import RangeRows
from inference_operator.adapters.prometheus.rows import FamilyRows
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.adapters.prometheus.user_value import UserValue
from inference_operator.domain.measurement import Family
from tests.fuzz.documents import encode, json_mutator
from tests.fuzz.mutate import text_mutator
from tests.fuzz.target import OracleError, Target, is_odd

_TAKERS: tuple[Callable[[], Taker[Any]], ...] = (
    lambda: FamilyRows(Family.BUCKETS, Scope()),
    lambda: FamilyRows(Family.PENDING, Scope(), {}),
    lambda: RangeRows(Family.REQUESTS, Scope()),
    UserValue,
)
_LENGTHS = (1, 7, 1 << 20)
_LONG = 4 << 10
"""Bytes of an input from which on its parts are longer than one."""


def _read(data: bytes, taker: Taker[Any], length: int) -> tuple[Any, str]:
    """Return what the rows make, or the words of a refusal."""
    reader = AnswerReader(taker)
    try:
        for begin in range(0, len(data), length):
            reader.feed(data[begin : begin + length])
        return reader.end(), ""
    except AnswerRefusedError as error:
        return None, str(error)


def _answers(data: bytes) -> Iterator[str]:
    lengths = _LENGTHS if len(data) < _LONG else (1000, 1 << 20)
    for new in _TAKERS:
        read = [_read(data, new(), length) for length in lengths]
        if any((made, bool(words)) != (read[0][0], bool(read[0][1])) for made, words in read):
            raise OracleError(f"parts of other lengths make another answer: {read!r:.900}")
        yield from (words for _, words in read if words)


def _rows_as_json(data: bytes) -> Iterator[str]:
    """Compare the rows with those of `json.loads`, where both read the answer."""
    taker = _Kept()
    made, _ = _read(data, taker, 5 if is_odd(data) else 1000)
    if made is not None and made != json.loads(data)["data"]["result"]:
        raise OracleError(f"other rows than those of json.loads: {made!r:.900}")
    return iter(())


class _Kept:
    kinds = ("vector", "matrix", "scalar")
    row_length = 64 << 10

    def __init__(self) -> None:
        self._rows: list[Any] = []

    def take(self, row: Any) -> None:
        self._rows.append(row)

    def made(self, kind: str, warnings: tuple[str, ...]) -> list[Any]:
        return self._rows


_LABELS = {"namespace": "shop", "pod": "a-0", "model": "a", "version": "3", "le": "20.0"}
_POINT = [1764630000.25, "7"]


def _answer(kind: str, *rows: Any, **fields: Any) -> bytes:
    return encode({"status": "success", "data": {"resultType": kind, "result": rows}, **fields})


_SEEDS = (
    _answer("vector", {"metric": _LABELS, "value": _POINT}, warnings=["late"], isPartial=True),
    _answer("vector", {"metric": {**_LABELS, "window": "1m"}, "value": [1, "+Inf"]}),
    _answer("matrix", {"metric": _LABELS, "values": [_POINT, [1764630060, "NaN"]]}),
    _answer("scalar", 1764630000.25, "-3e5"),
    encode({"warnings": [], "data": {"result": [], "resultType": "vector"}, "status": "success"}),
    encode({"status": "error", "errorType": "timeout", "error": "query timed out"}),
    b"<html>502 Bad Gateway</html>",
)

TARGETS = (
    Target("answers", _SEEDS, _answers, json_mutator(_SEEDS)),
    Target("answer-rows", _SEEDS, _rows_as_json, text_mutator(_SEEDS)),
)
