"""Traces of files: each value that cannot be used is refused with its place and a remedy."""

import pytest

from inference_operator.cli.documents import InputError
from inference_operator.cli.scaling_simulation.service import Service
from inference_operator.cli.scaling_simulation.trace_file import read_load
from inference_operator.cli.scaling_simulation.traces import Known, OutageShape, Trace

SERVICE = Service(base=0.01, item=0.01, max_batch=4)


def read(text: str, facts: Known | None = None) -> Trace:
    return read_load(text, "t.csv", facts or Known(), SERVICE, 1)


def test_values_hold_until_the_next_row_and_the_last_for_a_minute() -> None:
    trace = read("time,requests_per_second\n0,5\n60,7.5\n90.5,0\n")

    assert [trace.rate_at(at) for at in (0.0, 59.9, 60.0, 90.4, 90.5, 149.0)] == [
        *(5, 5),
        *(7.5, 7.5),
        *(0, 0),
    ]
    assert (trace.duration, trace.load_time) == (150.0, 30.0)
    assert trace.slo == pytest.approx(0.125)


def test_prometheus_may_be_away_or_have_no_series() -> None:
    rows = "0,5,\n60,5,prometheus\n120,5,all\n180,5,\n240,5,all\n"
    trace = read(f"time,requests_per_second,missing\n{rows}")

    assert [trace.outage_at(at) for at in (59.0, 60.0, 120.0, 180.0, 299.0)] == [
        None,
        OutageShape.REFUSED,
        OutageShape.EMPTY,
        None,
        OutageShape.EMPTY,
    ]


def test_what_is_known_is_taken() -> None:
    trace = read("time,requests_per_second\n0,5\n", Known(SERVICE, 0.5, 7.0, None, (5,)))

    assert (trace.slo, trace.load_time, trace.bounds) == (0.5, 7.0, (5,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.csv, header: found no column time, requests_per_second, expected"),
        ("time,rate\n0,1\n", 't.csv, header: found the column "rate"; the columns are time,'),
        ("time,requests_per_second\n", "t.csv: found no row, expected at least one; add a row"),
        (
            "time,requests_per_second\n5,1\n",
            "t.csv, row 1, column time: found 5, expected 0 in the first row; add a row for time 0",
        ),
        (
            "time,requests_per_second\n0,1\n0,2\n",
            "t.csv, row 2, column time: found 0, expected more than 0; sort the rows",
        ),
        (
            "time,requests_per_second\n0,1\n86401,2\n",
            't.csv, row 2, column time: found "86401", expected a number from 0 to 86,400; write'
            " seconds",
        ),
        (
            "time,requests_per_second\n0,many\n",
            't.csv, row 1, column requests_per_second: found "many", expected a number from 0 to'
            " 1,000,000; correct it",
        ),
        (
            "time,requests_per_second,missing\n0,1,pods\n",
            't.csv, row 1, column missing: found "pods", expected nothing, or one of prometheus,'
            " all; correct or remove it",
        ),
    ],
)
def test_a_trace_that_cannot_be_used_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read(text)

    assert str(refused.value).startswith(message)
