"""Trace made of a recording of the past: its revisions become the tracks of a simulated rollout."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inference_operator.api.quoting import counted
from inference_operator.cli.documents import InputError
from inference_operator.cli.simulation.recorded_windows import (
    Recording,
    Revision,
    Window,
    revisions,
    utc_text,
)
from inference_operator.cli.simulation.requests import Behaviour
from inference_operator.cli.simulation.trace import Missing, Row, Trace

# Seconds before the new revision from which the operator learns how requests vary.
_HISTORY = 900
# A message names so many revisions.
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class RecordedTrace:
    """The trace, and what a person has to know about it."""

    trace: Trace
    notes: tuple[str, ...]
    has_histogram: bool


def trace_of(recording: Recording, load_time: int) -> RecordedTrace:
    """Return the trace of a recording. With one revision both tracks answer as it did. With two,
    the later one is the canary, whose first sample is `load_time` seconds after time 0.

    Raises:
        InputError: if the recording has no trace, with what was found and a remedy.
    """
    past = sorted(revisions(recording), key=lambda each: each.first)
    _check(recording, past)
    stable, canary = past[0], past[-1]
    filled = [_filled(each, recording) for each in (stable, canary)]
    begin = _zero(recording, past, load_time)
    rows: list[Row] = []
    for place, time in enumerate(recording.times[:-1]):
        windows = [each.windows[place] for each in past]
        missing = _missing(windows)
        rate = _rate(windows) if missing is Missing.NOTHING else None
        if rate is None:
            rate = rows[-1].requests_per_second if rows else _first_rate(past)
        rows.append(Row(float(time - begin), rate, filled[0][place], filled[1][place], missing))
    notes = (*_notes(recording, past, begin), *_gap_notes(recording, rows))
    has_histogram = any(w.totals and w.totals.buckets for r in past for w in r.windows)
    return RecordedTrace(Trace(tuple(rows)), notes, has_histogram)


def _filled(revision: Revision, recording: Recording) -> list[Behaviour]:
    """Return the behaviour in each window: the last known one where it is not known."""
    behaviours = revision.behaviours
    first = next((each for each in behaviours if each is not None), None)
    if first is None:
        raise InputError(
            f"--from-prometheus: revision {revision.name} of {recording.unit} has no window with"
            f" requests and their times from {utc_text(recording.times[0])} to"
            f" {utc_text(recording.times[-1])}, expected at least one; choose another time by --at"
            " and --since, or a --resolution of two scrapes or more"
        )
    filled = [first]
    for each in behaviours:
        filled.append(each or filled[-1])
    return filled[1:]


def _check(recording: Recording, past: Sequence[Revision]) -> None:
    if len(past) > 2:
        names = ", ".join(f"{each.name} (since {utc_text(each.first)})" for each in past[:_SHOWN])
        raise InputError(
            f"--from-prometheus: found {len(past)} revisions of {recording.unit}, {names},"
            " expected one, or two of a rollout; choose a time with fewer by --at and --since"
        )
    if len(past) == 2 and past[0].first == past[1].first:
        raise InputError(
            f"--from-prometheus: found the revisions {past[0].name} and {past[1].name}"
            f" from the beginning on, at {utc_text(past[0].first)}, expected a time at which one"
            " of them begins; enlarge --since"
        )


def _zero(recording: Recording, past: Sequence[Revision], load_time: int) -> int:
    """Return the Unix time at which the new revision is applied in the trace."""
    begin, end = recording.times[0], recording.times[-1]
    if len(past) == 2:
        return max(past[1].first - load_time, begin)
    return begin + min(_HISTORY, (end - begin) // 2)


def _missing(windows: Sequence[Window]) -> Missing:
    """Return what is not measured: a revision that has pods, and no totals."""
    gaps = [window.is_expected and window.totals is None for window in windows]
    if not any(window.is_expected for window in windows) or all(gaps):
        return Missing.ALL
    if not any(gaps):
        return Missing.NOTHING
    return Missing.STABLE if gaps[0] else Missing.CANARY


def _rate(windows: Sequence[Window]) -> float:
    return sum(sum(window.totals.rates.values()) for window in windows if window.totals)


def _first_rate(past: Sequence[Revision]) -> float:
    for windows in zip(*(each.windows for each in past), strict=True):
        if _missing(windows) is Missing.NOTHING:
            return _rate(windows)
    return 0.0


def _notes(recording: Recording, past: Sequence[Revision], begin: int) -> Iterator[str]:
    first = past[0].name
    if len(past) == 1:
        yield (
            f"there was one revision, {first}: both revisions of the simulation answer as it did,"
            " so an abort is a false alarm"
        )
    else:
        yield (
            f"revision {first} is the stable one, and {past[1].name} the canary, which began at"
            f" {utc_text(past[1].first)}"
        )
    length = recording.times[-1] - begin
    yield f"time 0 is {utc_text(begin)}, and the recording ends {length} s later"
    restarts = sum(window.restarts for each in past for window in each.windows)
    if restarts:
        yield f"counters began again {counted(restarts, 'time')}, as after a restart of Triton"


def _gap_notes(recording: Recording, rows: Sequence[Row]) -> Iterator[str]:
    gaps = [place for place, row in enumerate(rows) if row.missing]
    if gaps:
        yield (
            f"{len(gaps)} of {counted(len(rows), 'window')} are not measured, the first one from"
            f" {utc_text(recording.times[gaps[0]])} on: there the clients go on as before, and the"
            " operator sees nothing; where a --resolution is shorter than two scrapes, windows are"
            " missing, too"
        )
