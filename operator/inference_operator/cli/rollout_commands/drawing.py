"""The picture of one rollout: phase, steps, revisions, conditions and last decisions."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from inference_operator.api.conditions import (
    Condition,
    ConditionStatus,
    ConditionType,
    format_time,
)
from inference_operator.api.quoting import beginning, visible
from inference_operator.api.status import Phase, RevisionStatus
from inference_operator.cli.rollout_commands.checks import invocation
from inference_operator.cli.rollout_commands.metric_lines import metric_lines
from inference_operator.cli.rollout_commands.scaling_lines import scaling_lines
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.cli.rollout_commands.step_lines import step_lines
from inference_operator.cli.rollout_commands.style import (
    Colour,
    Line,
    Span,
    Style,
    columns,
    line,
    wrap,
)
from inference_operator.cli.rollout_commands.times import ago
from inference_operator.planning.rollout.steps import weight_at

DECISIONS = 5
NARROWEST = 40
_MESSAGE_LINES = 4
_DECISION_LINES = 3
_CELLS = 20
# The status has the rest of a digest.
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", re.ASCII)
_WIDE = 100
_NAME_COLUMNS = 24
_TITLES = ("", "REVISION", "VERSION", "WEIGHT", "WANTED", "PODS")
_VERSION = _TITLES.index("VERSION")
_PHASES = {
    Phase.READY: Colour.GREEN,
    Phase.PROGRESSING: Colour.YELLOW,
    Phase.PAUSED: Colour.YELLOW,
    Phase.DEGRADED: Colour.RED,
    Phase.FAILED: Colour.RED,
}
# All others are good while True.
_GOOD_WHILE_FALSE = (
    ConditionType.RECONCILING,
    ConditionType.STALLED,
    ConditionType.SCALING_LIMITED,
)


def picture(
    situation: Situation, now: datetime, style: Style, *, is_short: bool = False
) -> Iterator[Line]:
    """Yield the lines; with `is_short` fewer of them, for a frame that is drawn again."""
    yield from _header(situation, style)
    sections = (
        step_lines(situation, now, style, is_short=is_short),
        _revisions(situation, style),
        () if is_short else scaling_lines(situation, now, style),
        () if is_short else metric_lines(situation, style),
        _aborted(situation, now, style),
        _conditions(situation, style, 1 if is_short else 3),
        _decisions(situation, now, style, 1 if is_short else _DECISION_LINES),
    )
    for section in sections:
        lines = list(section)
        if lines:
            yield ()
            yield from lines


def _header(situation: Situation, style: Style) -> Iterator[Line]:
    key, status, ready = situation.key, situation.status, situation.ready
    phase = status.phase
    name = f"{key.kind} {key.namespace}/{key.name}"
    summary = str(phase) if phase else "no status yet"
    yield line(Span(name, Colour.BOLD), "   ", Span(summary, _phase_colour(phase)))
    if not situation.is_observed:
        text = (
            f"the operator has not looked at generation {situation.generation} yet; all below is"
            f" about generation {status.observed_generation or 0}"
        )
        yield from _indented(text, style, _MESSAGE_LINES, Colour.YELLOW)
    shown = ready or status.condition(ConditionType.READY)
    if shown is not None:
        yield from _indented(f"{shown.reason}: {shown.message}", style, _MESSAGE_LINES)


def _phase_colour(phase: Phase | None) -> Colour:
    return _PHASES.get(phase, Colour.PLAIN) if phase else Colour.PLAIN


def _indented(
    text: str, style: Style, most: int, colour: Colour = Colour.PLAIN, first: str = "  "
) -> Iterator[Line]:
    """Yield the wrapped text, with `first` before its first line and spaces before the others."""
    indent = columns(first)
    width = max(style.width - indent, NARROWEST // 2)
    for number, each in enumerate(_wrapped(text, width, most, style)):
        yield line(" " * indent if number else first, Span(each, colour))


def _wrapped(text: str, width: int, most: int, style: Style) -> list[str]:
    """Return the lines of a text, with the beginnings of its digests."""
    return wrap(_DIGEST.sub(rf"\1{style.ellipsis}", text), width, most, style.ellipsis)


def _revisions(situation: Situation, style: Style) -> Iterator[Line]:
    status, index = situation.status, situation.step
    # Without a rollout by steps, one revision gets all clients.
    share = None
    if status.stable is not None and situation.canary is not None and index is not None:
        share = weight_at(situation.steps, index)
    rows = []
    if status.stable is not None:
        shall_get = None if share is None else 100 - share
        rows.append(_cells("stable", status.stable, shall_get, style))
    if status.canary is not None:
        rows.append(_cells("canary", status.canary, share, style))
    is_same = len(rows) == 2 and rows[0][_VERSION] == rows[1][_VERSION]
    if status.baseline is not None:
        # Its clients are among those of the stable revision.
        shown = status.baseline
        pods = RevisionStatus(revision=shown.revision, replicas=shown.replicas, ready=shown.ready)
        rows.append(_cells("baseline", pods, None, style))
    if is_same:
        # Without a registry, Triton's number of every version is 1: it tells nothing here.
        rows = [(*row[:_VERSION], "", *row[_VERSION + 1 :]) for row in rows]
    if rows:
        yield from _table([_TITLES, *rows])


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[Line]:
    """Yield a title and the aligned rows, without columns that have no value."""
    kept = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(columns, column)) for column in kept]
    for number, row in enumerate(zip(*kept, strict=True)):
        cells = (
            cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)
        )
        colour = Colour.PLAIN if number else Colour.BOLD
        yield line("  ", Span("  ".join(cells).rstrip(), colour))


def _cells(role: str, revision: RevisionStatus, share: int | None, style: Style) -> tuple[str, ...]:
    bar = _bar(revision.ready, revision.replicas, style)
    return (
        role,
        beginning(revision.revision, _NAME_COLUMNS),
        beginning(revision.version or "", _NAME_COLUMNS),
        "" if revision.weight is None else f"{revision.weight} %",
        "" if share is None else f"{share} %",
        f"{bar} {revision.ready}/{revision.replicas}".strip(),
    )


def _bar(ready: int, replicas: int, style: Style) -> str:
    """Return a bar of one cell a pod, or of 20 cells for more pods. It is full only if all are
    ready.

    >>> _bar(1, 3, Style()), _bar(99, 100, Style(has_unicode=False)), _bar(0, 0, Style())
    ('█░░', '###################.', '')
    """
    cells = min(replicas, _CELLS)
    full = min(cells, ready * cells // replicas) if replicas else 0
    return style.mark("█", "#") * full + style.mark("░", ".") * (cells - full)


def _aborted(situation: Situation, now: datetime, style: Style) -> Iterator[Line]:
    aborted = situation.aborted
    if aborted is None:
        return
    version = f" of version {aborted.version}" if aborted.version else ""
    yield line(Span("ABORTED", Colour.RED), f" {ago(aborted.time, now)}")
    text = f"revision {aborted.revision}{version}: {aborted.reason}: {aborted.message}"
    yield from _indented(text, style, _MESSAGE_LINES)
    yield from _indented(f"{invocation('retry', situation)} starts it again", style, 2)


def _conditions(situation: Situation, style: Style, most: int) -> Iterator[Line]:
    ready = situation.status.condition(ConditionType.READY)
    shown = [c for c in situation.status.conditions if c is not ready and _is_notable(c, ready)]
    if not shown:
        return
    yield line(Span("CONDITIONS", Colour.BOLD))
    for condition in shown:
        is_said = ready is not None and condition.message == ready.message
        text = condition.reason if is_said else f"{condition.reason}: {condition.message}"
        colour = Colour.RED if condition.type == ConditionType.STALLED else Colour.YELLOW
        first = f"  {visible(condition.type)}={condition.status}  "
        yield from _with_head(first, text, style, most, colour)


def _is_notable(condition: Condition, ready: Condition | None) -> bool:
    """Return whether a condition is not fine, and says more than Ready does."""
    good = ConditionStatus.FALSE if condition.type in _GOOD_WHILE_FALSE else ConditionStatus.TRUE
    is_said = ready is not None and condition.message == ready.message
    repeats = is_said and condition.type == ConditionType.RECONCILING
    return condition.status is not good and not repeats


def _with_head(
    head: str, text: str, style: Style, most: int, colour: Colour = Colour.PLAIN
) -> Iterator[Line]:
    """Yield a coloured head with the text behind it, wrapped beside it or below if it is narrow."""
    indent = columns(head)
    wrapped = _wrapped(text, max(style.width - indent, NARROWEST // 2), most, style)
    yield line(Span(head, colour), wrapped[0])
    for each in wrapped[1:]:
        yield line(" " * indent, each)


def _decisions(situation: Situation, now: datetime, style: Style, most: int) -> Iterator[Line]:
    decisions = situation.status.decisions[-DECISIONS:]
    if not decisions:
        return
    yield line(Span("DECISIONS", Colour.BOLD))
    for decision in decisions:
        age = f"{ago(decision.time, now):>9}  " if style.width >= _WIDE else ""
        head = f"  {format_time(decision.time)}  {age}"
        yield from _with_head(
            head, f"{decision.reason}: {decision.message}", style, most, Colour.FAINT
        )
