"""Lines of a picture that show the steps of a rollout."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from inference_operator.api.canary import CanaryStep
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.cli.rollout_commands.steps import ends_by_itself
from inference_operator.cli.rollout_commands.style import Colour, Line, Span, Style, line
from inference_operator.cli.rollout_commands.times import brief
from inference_operator.planning.rollout.steps import describe

_AFTER = 6
_BEFORE = 3


def step_lines(
    situation: Situation, now: datetime, style: Style, *, is_short: bool = False
) -> Iterator[Line]:
    """Yield a title and a line for each step; with `is_short`, for those near the present one."""
    steps, canary = situation.steps, situation.canary
    if not steps:
        return
    index = situation.step if canary is not None and situation.stable is not None else None
    if index is not None:
        title = "" if index < len(steps) else " (all ended)"
    elif canary is not None:
        title = " (not begun)" if situation.stable else " (the first revision has none)"
    else:
        title = " (of the next rollout)" if situation.aborted is None else " (aborted)"
    yield line(Span("STEPS", Colour.BOLD), title)
    shown = _shown(len(steps), index or 0) if is_short else range(len(steps))
    if shown.start:
        yield line(Span(f"    {shown.start} earlier", Colour.FAINT))
    for number in shown:
        yield _step_line(steps, number, index, _note(situation, now, number, index), style)
    if len(steps) > shown.stop:
        yield line(Span(f"    {len(steps) - shown.stop} more", Colour.FAINT))


def _shown(count: int, index: int) -> range:
    """Return the steps near the present one, of which there are always as many if possible.

    >>> _shown(20, 0), _shown(20, 10), _shown(20, 20), _shown(4, 1)
    (range(0, 9), range(7, 16), range(11, 20), range(0, 4))
    """
    size = min(count, _BEFORE + _AFTER)
    start = min(max(0, index - _BEFORE), count - size)
    return range(start, start + size)


def _step_line(
    steps: tuple[CanaryStep, ...], number: int, index: int | None, note: str, style: Style
) -> Line:
    text = f"{number + 1:>2} {describe(steps[number])}"
    if index is None or number > index:
        return line(f"    {text}")
    if number < index:
        return line("  ", Span(style.mark("✓", "+"), Colour.GREEN), f" {text}")
    marked = Span(f"{style.mark('▶', '>')} {text}", Colour.BOLD)
    return line("  ", marked, f"   {note}" if note else "")


def _note(situation: Situation, now: datetime, number: int, index: int | None) -> str:
    """Return what the present step waits for; empty for another step."""
    canary, since = situation.canary, situation.step_since
    if number != index or canary is None:
        return ""
    held = _held(situation, canary.revision)
    elapsed = f", for {brief(now - since)} so far" if since else ""
    step = situation.steps[number]
    if ends_by_itself(step):
        return held or f"until enough pods answer ({canary.ready}/{canary.replicas} now){elapsed}"
    if step.analysis is not None and not situation.waits_for_person:
        verdict = situation.verdict
        return held or f"{f'metrics: {verdict}' if verdict else 'not judged yet'}{elapsed}"
    duration = step.pause.duration if step.pause else None
    if duration is None:
        return held or f"until somebody promotes it{elapsed}"
    if held or since is None:
        return held
    left = duration - (now - since)
    if left > timedelta(0):
        return f"ends in {brief(left)}"
    return f"is over; ends once enough pods answer ({canary.ready}/{canary.replicas} now)"


def _held(situation: Situation, revision: str) -> str:
    """Return what holds a step, whatever it waits for itself."""
    if situation.is_paused:
        return "held by spec.rollout.paused"
    if situation.commands.pauses(revision):
        return "paused by a person"
    if situation.is_frozen:
        return "frozen"
    return ""
