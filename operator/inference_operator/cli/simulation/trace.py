"""Trace of a simulated rollout: the requests of clients, and how both revisions answer them.

A trace is a CSV file with a header. The values of a row hold until the next row.
"""

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

from inference_operator.cli.simulation.requests import Behaviour, Latency
from inference_operator.cli.trace_rows import Columns, Line, lines_of

DAY = 86_400.0
_MOST_RATE = 1e6
_MOST_MS = 3.6e6
# p95 divided by p50: the logarithms of the latencies have a normal distribution.
_MOST_SPREAD = 100.0

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
QUEUES = ("stable_queue_ms", "canary_queue_ms")
OF_BASELINE = ("baseline_error_share", "baseline_p50_ms", "baseline_p95_ms")
MISSING = "missing"
OPTIONAL = (*QUEUES, *OF_BASELINE, "baseline_queue_ms", MISSING)
_TRACKS = ("stable", "canary", "baseline")
_BOUNDS = {
    "time": (-DAY, DAY),
    "requests_per_second": (0.0, _MOST_RATE),
    **{f"{track}_error_share": (0.0, 1.0) for track in _TRACKS},
    **{f"{track}_{name}_ms": (0.001, _MOST_MS) for track in _TRACKS for name in ("p50", "p95")},
    **{f"{track}_queue_ms": (0.0, _MOST_MS) for track in _TRACKS},
}
_REMEDIES = {"_share": "write 0.01 for 1 %", "time": "write seconds"}
_COLUMNS = Columns(REQUIRED, OPTIONAL, _BOUNDS, _REMEDIES)


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
    baseline: Behaviour | None = None
    """How new pods of the stable revision answer; None: as its other pods do."""


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


def read_trace(text: str, where: str) -> Trace:
    """Return the trace of a CSV file's text; messages call the file `where`.

    Raises:
        InputError: with row, column, value, requirement and remedy.
    """
    rows: list[Row] = []
    for line in lines_of(text, where, _COLUMNS):
        row = _row(line, rows[-1].time if rows else None)
        if not rows and row.time > 0:
            line.refuse(
                "time", f"{row.time:g}", "0 or less in the first row", "add a row for time 0"
            )
        rows.append(row)
    return Trace(tuple(rows))


def _row(line: Line, before: float | None) -> Row:
    given = line.word(MISSING, list(Missing))
    return Row(
        time=line.rising(before),
        requests_per_second=line.number("requests_per_second"),
        stable=_behaviour(line, "stable"),
        canary=_behaviour(line, "canary"),
        missing=Missing(given),
        baseline=_baseline(line),
    )


def _baseline(line: Line) -> Behaviour | None:
    """Return how a baseline answers; None if the trace has no column of it."""
    given = [name for name in OPTIONAL if name.startswith("baseline_") and name in line.values]
    if not given:
        return None
    for name in OF_BASELINE:
        if name not in line.values:
            line.refuse(name, "no such column", f"one beside {given[0]}", "add it, or remove both")
    return _behaviour(line, "baseline")


def _behaviour(line: Line, track: str) -> Behaviour:
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
