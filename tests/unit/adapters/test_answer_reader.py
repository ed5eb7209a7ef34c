"""Answers are read part by part: where a part ends makes no difference, and all is bounded."""

import json
import time
from typing import Any

import pytest

from inference_operator.adapters.prometheus.answer_reader import (
    AnswerReader,
    AnswerRefusedError,
    read_whole,
)

ROWS: list[Any] = [
    {"metric": {"pod": 'é"\\😀\u0000', "le": "]}"}, "value": [1764630000.25, "1e5"]},
    12345,
    -1.5e-7,
    "text",
    None,
    True,
    [],
    {},
]
FIELDS = {
    "status": "success",
    "infos": [[1], {"a": {}}],
    "warnings": ["late"],
    "data": {"resultType": "vector", "stats": {"samples": 12}, "result": ROWS},
}
ROW_LENGTH = 400
Made = tuple[list[Any], str, tuple[str, ...]]


class Kept:
    """Taker that keeps all rows."""

    kinds = ("vector",)
    row_length = ROW_LENGTH

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def take(self, row: Any) -> None:
        self.rows.append(row)

    def made(self, kind: str, warnings: tuple[str, ...]) -> Made:
        return self.rows, kind, warnings


def in_parts(raw: bytes, length: int) -> Made:
    reader = AnswerReader(Kept())
    for begin in range(0, len(raw), length):
        reader.feed(raw[begin : begin + length])
    return reader.end()


def reversed_keys(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        key: reversed_keys(value) if key == "data" else value
        for key, value in reversed(fields.items())
    }


@pytest.mark.parametrize("fields", [FIELDS, reversed_keys(FIELDS)])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_where_a_part_ends_makes_no_difference(
    fields: dict[str, Any], indent: int | None, is_ascii: bool
) -> None:
    raw = json.dumps(fields, indent=indent, ensure_ascii=is_ascii).encode()
    for length in (1, 2, 3, 7, 50, len(raw)):
        assert in_parts(raw, length) == (ROWS, "vector", ("late",))


def test_each_beginning_of_an_answer_is_refused() -> None:
    raw = json.dumps(FIELDS).encode()
    for end in range(len(raw)):
        with pytest.raises(AnswerRefusedError, match="text that is not JSON"):
            read_whole(raw[:end], Kept())


def test_rows_are_handed_over_before_the_answer_ends() -> None:
    taker = Kept()
    reader = AnswerReader(taker)
    reader.feed(b'{"status":"success","data":{"resultType":"vector","result":["a","b","c')
    assert taker.rows == ["a", "b"]


def test_rows_of_an_error_are_left_out() -> None:
    raw = b'{"status":"error","error":"no","data":{"resultType":"vector","result":[1,2]}}'
    taker = Kept()
    with pytest.raises(AnswerRefusedError, match="refused the query: no"):
        read_whole(raw, taker)
    assert taker.rows == []


def rows(text: str, kind: str = "vector") -> bytes:
    return f'{{"status":"success","data":{{"resultType":"{kind}","result":[{text}]}}}}'.encode()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (rows("1,"), "not JSON"),
        (rows("1 2"), "not JSON"),
        (rows("1") + b"x", "not JSON"),
        (rows("01"), "not JSON"),
        (rows("tru"), "not JSON"),
        (rows('"\x01"'), "not JSON"),
        (b'{"a"', "not JSON"),
        (b"{1:2}", "not JSON"),
        (b'\xef\xbb\xbf{"status":"success"}', "not JSON"),
        (rows("1").replace(b"1", b'"\xff"'), "not JSON"),
        (rows("NaN"), "found NaN, expected a number"),
        (rows("-Infinity"), "found -Infinity, expected a number"),
        (rows("1" * 65), "a number of more than 64 digits"),
        (rows("0." + "1" * 65), "a number of more than 64 digits"),
        (rows("[" * 9 + "]" * 9), "more than 8 levels"),
        (rows('"' + "x" * ROW_LENGTH + '"'), "a value of more than 400 characters"),
        (rows("[" + "1," * ROW_LENGTH + "1]"), "a value of more than 400 characters"),
        (rows("[" * 100_000), "JSON that is not read"),
        (rows("1", "matrix"), "answered with matrix, expected a vector"),
        (b'{"data":{"result":[1]},"status":"success"}', "no type of a result"),
        (b'{"status":"success","data":{"result":[],"result":[]}}', "two results"),
        (b'{"x":"' + b"x" * (256 << 10) + b'"}', "more than 262,144 characters"),
        (b'{"' + b"x" * 5000 + b'":1}', "more than 4,096 characters"),
    ],
)
def test_what_is_refused(raw: bytes, words: str) -> None:
    for length in (1000, len(raw)):
        with pytest.raises(AnswerRefusedError, match=words) as refused:
            in_parts(raw, length)
        assert len(str(refused.value)) < 500


@pytest.mark.parametrize("begin", ['"' + "\\n" * 100_000, "[" * 200_000, "[" + "[]," * 30_000])
def test_a_value_that_does_not_end_takes_little_time(begin: str) -> None:
    raw = b'{"x":' + begin.encode() * 10
    began = time.thread_time()
    with pytest.raises(AnswerRefusedError):
        in_parts(raw, 1000)
    assert time.thread_time() - began < 5
