"""Answers to users' queries become one value, or say why there is none."""

import json
from typing import Any

import pytest

from inference_operator.adapters.prometheus.answer_reader import AnswerRefusedError, read_whole
from inference_operator.adapters.prometheus.user_value import UserValue
from inference_operator.domain.measurement import NoValue, QueryValue

AT = 1_764_630_000.5


def row(value: str = "7", labels: Any = None) -> dict[str, Any]:
    return {"metric": {"pod": "price-0"} if labels is None else labels, "value": [AT, value]}


def answer(*result: Any, kind: str = "vector") -> bytes:
    rows = {"resultType": kind, "result": list(result)}
    return json.dumps({"status": "success", "data": rows}).encode()


def value_of(raw: bytes) -> QueryValue:
    return read_whole(raw, UserValue())


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (answer(row("-3", {})), -3.0),
        (answer(row("NaN", {})), NoValue.NOT_A_NUMBER),
        (answer(row("-Inf", {})), NoValue.INFINITE),
        (answer(), NoValue.NO_SERIES),
        (answer(row(), row()), NoValue.AMBIGUOUS),
        (answer(AT, "-3", kind="scalar"), -3.0),
        (answer({"metric": {}, "histogram": [AT, {}]}), NoValue.NOT_A_NUMBER),
    ],
)
def test_a_user_s_query(raw: bytes, value: float | NoValue) -> None:
    assert value_of(raw).value == value


def test_several_series_are_named_up_to_a_limit() -> None:
    several = value_of(answer(*(row(labels={"pod": "x" * 1000}) for _ in range(9))))
    assert len(several.series) == 3
    assert all(text.startswith('{pod="xxx') and len(text) <= 301 for text in several.series)


def test_a_user_s_query_that_answers_a_text_is_refused() -> None:
    with pytest.raises(AnswerRefusedError, match="answered with string"):
        value_of(answer(AT, "seven", kind="string"))
