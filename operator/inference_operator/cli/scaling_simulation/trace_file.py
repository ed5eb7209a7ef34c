"""Trace of a file: how many requests a second clients send, and when Prometheus fails."""

from bisect import bisect_right
from dataclasses import dataclass

from inference_operator.cli.scaling_simulation.service import Service
from inference_operator.cli.scaling_simulation.traces import (
    Known,
    Outage,
    OutageShape,
    Trace,
    slo_of,
)
from inference_operator.cli.trace_rows import Columns, Line, lines_of

LONGEST = 86_400.0
"""Seconds that a trace may have."""

KIND = "file"
_DEFAULT_LOAD_TIME = 30.0
_MINUTE = 60.0
_SHAPES = {"prometheus": OutageShape.REFUSED, "all": OutageShape.EMPTY}
_COLUMNS = Columns(
    ("time", "requests_per_second"),
    ("missing",),
    {"time": (0.0, LONGEST), "requests_per_second": (0.0, 1e6)},
    {"time": "write seconds"},
)


@dataclass(frozen=True, slots=True)
class _Row:
    time: float
    rate: float
    missing: OutageShape | None


def read_load(text: str, where: str, facts: Known, service: Service, seed: int) -> Trace:
    """Return the trace of a CSV file's text; messages call the file `where`.

    The values of the last row hold for one more minute.

    Raises:
        InputError: with row, column, value, requirement and remedy.
    """
    rows: list[_Row] = []
    for line in lines_of(text, where, _COLUMNS):
        row = _row(line, rows[-1].time if rows else None)
        if not rows and row.time:
            line.refuse("time", f"{row.time:g}", "0 in the first row", "add a row for time 0")
        rows.append(row)
    end = float(int(rows[-1].time) + _MINUTE)
    times, rates = [row.time for row in rows], [row.rate for row in rows]
    return Trace(
        KIND,
        seed,
        service,
        slo_of(service) if facts.slo is None else facts.slo,
        end,
        lambda time: rates[max(bisect_right(times, time) - 1, 0)],
        _DEFAULT_LOAD_TIME if facts.load_time is None else facts.load_time,
        tuple(_outages(rows, end)),
        facts.bounds,
    )


def _row(line: Line, before: float | None) -> _Row:
    shape = _SHAPES.get(line.word("missing", tuple(_SHAPES)))
    return _Row(line.rising(before), line.number("requests_per_second"), shape)


def _outages(rows: list[_Row], end: float) -> list[Outage]:
    ends = [*(row.time for row in rows[1:]), end]
    return [
        Outage(row.time, until, row.missing)
        for row, until in zip(rows, ends, strict=True)
        if row.missing is not None
    ]
