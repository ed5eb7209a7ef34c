"""Answers to range queries: values that are no count are left out, and bad answers are refused."""

import json
from typing import Any

import pytest

from inference_operator.adapters.prometheus import ranges
from inference_operator.adapters.prometheus.answer_reader import AnswerRefusedError, read_whole
from inference_operator.adapters.prometheus.ranges import RangeRows
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.domain.measurement import Family, PodName, Sample

POD = PodName("shop", "price-0")
LABELS = {"namespace": "shop", "pod": "price-0", "model": "price", "version": "3"}


def answer(*rows: Any, kind: str = "matrix", **fields: Any) -> bytes:
    data = {"resultType": kind, "result": list(rows)}
    return json.dumps({"status": "success", "data": data, **fields}).encode()


def row(*points: Any, **labels: str) -> dict[str, Any]:
    return {"metric": {**LABELS, **labels}, "values": [list(point) for point in points]}


def read(raw: bytes, family: Family = Family.REQUESTS) -> ranges.RangeAnswer:
    return read_whole(raw, RangeRows(family, Scope()))


def test_samples_are_kept_by_time_and_pod() -> None:
    read_answer = read(answer(row((60, "5"), (120, "7"))))

    assert read_answer.samples == {
        60.0: {POD: (Sample(POD, None, ("price", "3"), 5.0),)},
        120.0: {POD: (Sample(POD, None, ("price", "3"), 7.0),)},
    }
    assert read_answer.unusable == 0


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "1" * 65, "x", None, True, [], 1e999])
def test_a_value_that_is_no_count_is_left_out(value: Any) -> None:
    raw = answer(row((60, value), (120, "7"))).replace(b"Infinity", b"1e999")

    assert list(read(raw).samples) == [120.0]
    assert read(raw).unusable == 1


@pytest.mark.parametrize("labels", [{"pod": ""}, {"model": "m" * 254}, {"namespace": ""}])
def test_a_row_without_its_labels_is_left_out(labels: dict[str, str]) -> None:
    read_answer = read(answer(row((60, "5"), **labels)))

    assert (read_answer.samples, read_answer.unusable) == ({}, 1)


def test_a_boundary_that_is_written_in_two_ways_counts_once() -> None:
    rows = [row((60, "5"), le="20"), row((60, "6"), le="20.0"), row((60, "9"), le="+Inf")]
    samples = read(answer(*rows), Family.BUCKETS).samples[60.0][POD]

    assert [(each.labels[-1], each.value) for each in samples] == [("20", 6.0), ("+Inf", 9.0)]


def test_warnings_are_kept() -> None:
    read_answer = read(answer(warnings=["a store is away", 5], isPartial=True))

    assert read_answer.warnings == ("a store is away", "5", "the answer is partial")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"<html>Sign in</html>", "text that is not JSON: '<html>Sign in</html>'"),
        (b"[]", "JSON that is not an object"),
        (b'{"status": "error", "error": "too many points"}', "refused the query: too many points"),
        (b'{"status": "success"}', "answered without data"),
        (answer(kind="vector"), "answered with vector, expected a matrix"),
        (
            b'{"status":"success","data":{"resultType":"matrix","result":{}}}',
            "with no list of rows, expected a matrix",
        ),
        (answer(5), "a row that has no labels"),
        (answer({"metric": LABELS, "values": [5]}), "a point that is not a pair"),
        (b"[" * 20 + b"]" * 20, "JSON that is not read"),
    ],
)
def test_what_is_no_answer_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(AnswerRefusedError) as refused:
        read(raw)
    assert words in str(refused.value)


def test_more_points_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "MOST_POINTS", 10)
    with pytest.raises(AnswerRefusedError, match="answered with more than 10 points"):
        read(answer(row(*((60 * n, "5") for n in range(20)))))
