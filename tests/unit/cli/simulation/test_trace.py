"""Traces: each value that cannot be used is refused with its place and a remedy."""

import pytest

from inference_operator.cli.documents import InputError
from inference_operator.cli.simulation.trace import Missing, read_trace
from inference_operator.cli.trace_rows import MOST_BYTES, MOST_ROWS
from tests.planned import calls
from tests.unit.cli.simulation.traces import HEADER, row, trace


def test_values_hold_until_the_next_row() -> None:
    read = read_trace(trace(row(time=-300), row(time=60, rate=7, errors=0.5)), "trace.csv")

    assert (read.begin, read.end) == (-300, 60)
    rates = [read.at(moment).requests_per_second for moment in (-400, -300, 59, 60, 9e9)]
    assert rates == [100, 100, 100, 7, 7]
    assert read.at(60).canary.error_share == 0.5
    assert read.at(60).missing is Missing.NOTHING


def test_columns_may_have_any_order_and_spaces() -> None:
    names = HEADER.split(",")
    values = row(time=0, rate=3).split(",")
    text = trace(", ".join(reversed(values)), header=" , ".join(reversed(names)))

    assert read_trace(text, "trace.csv").rows == read_trace(trace(row(time=0, rate=3)), "t").rows


def test_the_mark_that_spreadsheets_write_first_is_left_out() -> None:
    plain = trace(row(time=0))
    assert read_trace(f"\ufeff{plain}", "trace.csv") == read_trace(plain, "trace.csv")


def test_optional_columns_tell_queues_and_what_is_missing() -> None:
    header = f"{HEADER},canary_queue_ms,missing"
    rows = (f"{row(time=0)},1.5,", f"{row(time=1)},,prometheus", f"{row(time=2)},,all")
    read = read_trace(trace(*rows, header=header), "trace.csv")

    assert [each.missing.value for each in read.rows] == ["", "prometheus", "all"]
    assert [each.canary.queue_ms for each in read.rows] == [1.5, 0, 0]
    assert read.rows[0].stable.queue_ms is None


def test_a_baseline_answers_as_the_other_pods_unless_the_trace_says_otherwise() -> None:
    header = f"{HEADER},baseline_error_share,baseline_p50_ms,baseline_p95_ms"
    read = read_trace(trace(f"{row(time=0)},0.25,9,30", header=header), "trace.csv")
    baseline = read.at(0).baseline

    assert baseline is not None
    latency = baseline.latency
    assert (baseline.error_share, latency.p50, latency.p95) == (0.25, 9, 30)
    assert read_trace(trace(row(time=0)), "trace.csv").at(0).baseline is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.csv, header: found no column time, requests_per_second, "),
        (trace(), "t.csv: found no row, expected at least one; add a row for time 0"),
        (
            trace(row(), header=HEADER.replace("time", "tme", 1)),
            't.csv, header: found the column "tme"; did you mean time?',
        ),
        (
            trace(row(), header=f"{HEADER},time"),
            "t.csv, header: found the column time twice, expected it once; remove one",
        ),
        (trace("1,2"), "t.csv, row 1: found 2 values, expected 8, as in the header"),
        (
            trace(row(time=5)),
            "t.csv, row 1, column time: found 5, expected 0 or less in the first row; add a row",
        ),
        (
            trace(row(time=0), row(time=0)),
            "t.csv, row 2, column time: found 0, expected more than 0; sort the rows",
        ),
        (
            trace(row(errors=1.5)),
            't.csv, row 1, column canary_error_share: found "1.5", expected a number from 0 to 1;'
            " write 0.01 for 1 %",
        ),
        (
            trace(row(p95=801)),
            "t.csv, row 1, column canary_p95_ms: found 801, expected 8 to 800, which is 1 to 100"
            " times p50; correct one of the two",
        ),
        (
            trace(f"{row()},pods", header=f"{HEADER},missing"),
            't.csv, row 1, column missing: found "pods", expected nothing, or one of prometheus,'
            " stable, canary, all; correct or remove it",
        ),
        (
            trace(f"{row()},0.5", header=f"{HEADER},baseline_error_share"),
            "t.csv, row 1, column baseline_p50_ms: found no such column, expected one beside"
            " baseline_error_share; add it, or remove both",
        ),
        (trace('"1'), "t.csv, line 2: cannot be read as CSV: "),
        ("x" * (MOST_BYTES + 1), f"t.csv: found more than {MOST_BYTES:,} characters, "),
        (
            trace(*(row(time=second / 10) for second in range(MOST_ROWS + 1))),
            f"t.csv: found more than {MOST_ROWS:,} rows, expected at most as many; leave out",
        ),
    ],
)
def test_a_trace_that_cannot_be_used_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read_trace(text, "t.csv")

    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "-1", "one", "", "1" * 40, "٣٣x"])
def test_a_rate_that_is_no_number_of_requests_is_refused(value: str) -> None:
    with pytest.raises(InputError, match=r"column requests_per_second: found .* expected a number"):
        read_trace(trace(row().replace("100", value, 1)), "t.csv")


def test_reading_takes_work_with_the_length_alone() -> None:
    def work(rows: int) -> int:
        text = trace(*(row(time=number / 10) for number in range(-rows, 0)))
        with calls() as counted:
            read_trace(text, "t.csv")
        return counted.count

    assert work(1_600) < 9 * work(200)
