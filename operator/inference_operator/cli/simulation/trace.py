"""Trace of a simulated rollout: the requests of clients, and how both revisions answer them.

A trace is a CSV file with a header. The values of a row hold until the next row.
"""

import csv
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from inference_operator.api.quoting import listed, quoted
from inference_operator.api.suggestions import closest
from inference_operator.cli.documents import InputError
from inference_operator.cli.simulation.requests import Behaviour, Latency

MOST_BYTES = 4 << 20
MOST_ROWS = 20_000
DAY = 86_400.0
_MOST_RATE = 1e6
_MOST_MS = 3.6e6
# p95 divided by p50: the logarithms of the latencies have a normal distribution.
_MOST_SPREAD = 100.0
_LONGEST_NUMBER = 32

REQUIRED = (
    "time",
    "requests_per_second",
    "stable_error_share",
    "stable_p50_ms",
    "stable_p95_ms",
    "canary_error_share",
    "canary_p50_ms",
    "canary_p95_ms",
)
OPTIONAL = ("stable_queue_ms", "canary_queue_ms", "missing")
_BOUNDS = {
    "time": (-DAY, DAY),
    "requests_per_second": (0.0, _MOST_RATE),
    **{f"{track}_error_share": (0.0, 1.0) for track in ("stable", "canary")},
    **{
        f"{track}_{name}_ms": (0.001, _MOST_MS)
        for track in ("stable", "canary")
        for name in ("p50", "p95")
    },
    **{f"{track}_queue_ms": (0.0, _MOST_MS) for track in ("stable", "canary")},
}


class Missing(StrEnum):
    """What cannot be measured."""

    NOTHING = ""
    PROMETHEUS = "prometheus"
    """Prometheus does not answer."""

    STABLE = "stable"
    """Prometheus has no series of the stable revision's pods."""

    CANARY = "canary"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Row:
    """What clients and revisions do from a time on."""

    time: float
    """Seconds since the new revision was applied; negative before."""

    requests_per_second: float
    stable: Behaviour
    canary: Behaviour
    missing: Missing = Missing.NOTHING


@dataclass(frozen=True, slots=True)
class Trace:
    """The rows of a trace, by rising time."""

    rows: tuple[Row, ...]

    @property
    def begin(self) -> float:
        """Time of the first row: 0, or before the new revision is applied."""
        return self.rows[0].time

    @property
    def end(self) -> float:
        """Time of the last row, whose values hold from then on."""
        return self.rows[-1].time

    def at(self, time: float) -> Row:
        """Return the row that holds at a time; the first one also before its time."""
        return self.rows[max(bisect_right(self.rows, time, key=lambda row: row.time) - 1, 0)]


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the file with its place."""

    place: str
    values: Mapping[str, str]

    def refuse(self, column: str, value: str, expected: str, remedy: str) -> NoReturn:
        raise InputError(
            f"{self.place}, column {column}: found {value}, expected {expected}; {remedy}"
        )

    def number(self, column: str, otherwise: float | None = None) -> float:
        """Return the number in a column; `otherwise` where an optional column has none."""
        least, most = _BOUNDS[column]
        text = self.values.get(column, "").strip()
        if not text and otherwise is not None:
            return otherwise
        try:
            value = float(text) if len(text) <= _LONGEST_NUMBER else float("nan")
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            self.refuse(
                column, quoted(text), f"a number from {least:g} to {most:,g}", _remedy(column)
            )
        return value


def read_trace(text: str, where: str) -> Trace:
    """Return the trace of a CSV file's text; messages call the file `where`.

    Raises:
        InputError: with row, column, value, requirement and remedy.
    """
    if len(text) > MOST_BYTES:
        raise InputError(
            f"{where}: found more than {MOST_BYTES:,} characters, expected at most as many; leave"
            " out rows that change nothing"
        )
    rows: list[Row] = []
    for line in _lines(text, where):
        row = _row(line)
        if rows and row.time <= rows[-1].time:
            line.refuse("time", f"{row.time:g}", f"more than {rows[-1].time:g}", "sort the rows")
        if not rows and row.time > 0:
            line.refuse(
                "time", f"{row.time:g}", "0 or less in the first row", "add a row for time 0"
            )
        rows.append(row)
    if not rows:
        raise InputError(f"{where}: found no row, expected at least one; add a row for time 0")
    return Trace(tuple(rows))


def _lines(text: str, where: str) -> Iterator[_Line]:
    """Yield the rows below the header."""
    reader = csv.reader(text.splitlines(), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, where)
        for number, values in enumerate((row for row in reader if row), 1):
            place = f"{where}, row {number}"
            if number > MOST_ROWS:
                raise InputError(
                    f"{where}: found more than {MOST_ROWS:,} rows, expected at most as many; leave"
                    " out rows that change nothing"
                )
            if len(values) != len(header):
                raise InputError(
                    f"{place}: found {len(values)} values, expected {len(header)}, as in the"
                    " header; add or remove commas"
                )
            yield _Line(place, dict(zip(header, values, strict=True)))
    except csv.Error as error:
        raise InputError(
            f"{where}, line {reader.line_num}: cannot be read as CSV: {error}"
        ) from None


def _check_header(header: list[str], where: str) -> None:
    names = (*REQUIRED, *OPTIONAL)
    for name in header:
        if name not in names:
            meant = closest(name, names)
            remedy = f"did you mean {meant}?" if meant else f"the columns are {', '.join(names)}"
            raise InputError(f"{where}, header: found the column {quoted(name)}; {remedy}")
        if header.count(name) > 1:
            raise InputError(
                f"{where}, header: found the column {name} twice, expected it once; remove one"
            )
    if absent := [name for name in REQUIRED if name not in header]:
        raise InputError(
            f"{where}, header: found no column {listed(absent, show=str)}, expected"
            f" {', '.join(REQUIRED)}; add a line with the names of the columns"
        )


def _row(line: _Line) -> Row:
    given = line.values.get("missing", "").strip()
    if given not in list(Missing):
        names = ", ".join(each for each in Missing if each)
        line.refuse("missing", quoted(given), f"nothing, or one of {names}", "correct or remove it")
    return Row(
        time=line.number("time"),
        requests_per_second=line.number("requests_per_second"),
        stable=_behaviour(line, "stable"),
        canary=_behaviour(line, "canary"),
        missing=Missing(given),
    )


def _behaviour(line: _Line, track: str) -> Behaviour:
    p50, p95 = line.number(f"{track}_p50_ms"), line.number(f"{track}_p95_ms")
    if not p50 <= p95 <= _MOST_SPREAD * p50:
        expected = f"{p50:g} to {_MOST_SPREAD * p50:g}, which is 1 to {_MOST_SPREAD:g} times p50"
        line.refuse(f"{track}_p95_ms", f"{p95:g}", expected, "correct one of the two")
    return Behaviour(
        error_share=line.number(f"{track}_error_share"),
        latency=Latency(p50, p95),
        queue_ms=line.number(f"{track}_queue_ms", 0.0)
        if f"{track}_queue_ms" in line.values
        else None,
    )


def _remedy(column: str) -> str:
    if column.endswith("_share"):
        return "write 0.01 for 1 %"
    return "write seconds" if column == "time" else "correct it"
