"""`status`: the picture of one rollout, printed once or drawn again after each change."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import beginning
from inference_operator.cli.rollout_commands.drawing import NARROWEST, picture
from inference_operator.cli.rollout_commands.situation import Situation, situation_of
from inference_operator.cli.rollout_commands.steps import position
from inference_operator.cli.rollout_commands.style import Style, fit, paint
from inference_operator.cli.unit_watch import WatchedCluster, states_of
from inference_operator.domain.names import UnitKey

if TYPE_CHECKING:
    from inference_operator.adapters.kubernetes.api_error import ApiError

TICK_SECONDS = 1.0
_MESSAGE_LENGTH = 300
_WIDEST = 160
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_CLEAR_SCREEN, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H\x1b[2J", "\x1b[K", "\x1b[J"


def style_of(stream: TextIO) -> Style:
    """Return what the stream can show; NO_COLOR turns colours off."""
    width = shutil.get_terminal_size().columns
    is_terminal = is_redrawable(stream)
    return Style(
        width=min(max(width, NARROWEST), _WIDEST),
        has_colours=is_terminal and not os.environ.get("NO_COLOR"),
        has_unicode="utf" in (stream.encoding or "").lower(),
    )


def is_redrawable(stream: TextIO) -> bool:
    """Return whether the cursor of the stream can be moved."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def now() -> datetime:
    return datetime.now(UTC)


def frame(situation: Situation, style: Style, time: datetime, rows: int) -> list[str]:
    """Return the painted lines of a frame of at most `rows` rows."""
    rows = max(rows, 2)
    lines = list(paint(picture(situation, time, style, is_short=True), style))
    if len(lines) <= rows:
        return lines
    return [*lines[: rows - 1], f"({len(lines) - rows + 1} more lines)"]


@dataclass
class Screen:
    """A place in a terminal where frames replace each other."""

    stream: TextIO
    drawn: list[str] = field(default_factory=list)
    size: tuple[int, int] = (0, 0)

    def draw(self, lines: Sequence[str], size: tuple[int, int]) -> None:
        """Replace the last frame; a terminal of another size is cleared first."""
        if list(lines) == self.drawn and size == self.size:
            return
        if self.size not in ((0, 0), size):
            start = _CLEAR_SCREEN
        else:
            start = f"\x1b[{len(self.drawn)}F" if self.drawn else ""
        text = "".join(f"{each}{_CLEAR_LINE}\n" for each in lines)
        # In one write, so that no half of a frame is seen.
        self.stream.write(f"{_HIDE_CURSOR}{start}{text}{_CLEAR_BELOW}")
        self.stream.flush()
        self.drawn, self.size = list(lines), size

    def close(self) -> None:
        self.stream.write(_SHOW_CURSOR)
        self.stream.flush()


@dataclass
class Watching:
    """A watch of one rollout until it ends, or for ever."""

    cluster: WatchedCluster
    key: UnitKey
    is_endless: bool
    newest: Situation | None = None
    note: str = ""
    """Why the newest state may be old: the API server does not answer."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, stream: TextIO) -> None:
        """Show the rollout until it ends; AccessError if the resource cannot be read."""
        follow = asyncio.create_task(self._follow())
        try:
            if is_redrawable(stream):
                await self._redraw(stream, follow)
            else:
                await self._list(stream, follow)
        finally:
            follow.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follow

    async def _follow(self) -> None:
        async with aclosing(states_of(self.cluster, self.key, self._on_error)) as bodies:
            async for body in bodies:
                self.newest, self.note = situation_of(body, self.key), ""
                self.changed.set()
                if self.newest.has_ended and not self.is_endless:
                    return

    def _on_error(self, error: "ApiError") -> None:
        # Not to stderr, which would move the frame.
        self.note = beginning(f"the API server: {error}; asking again", _MESSAGE_LENGTH)
        self.changed.set()

    async def _redraw(self, stream: TextIO, follow: asyncio.Task[None]) -> None:
        screen = Screen(stream)
        try:
            while True:
                is_last = follow.done()
                size = shutil.get_terminal_size()
                lines = self._frame(style_of(stream), size.lines - 1)
                screen.draw(lines, (size.columns, size.lines))
                if is_last:
                    return follow.result()
                await self._change(follow, TICK_SECONDS)
        finally:
            screen.close()

    def _frame(self, style: Style, rows: int) -> list[str]:
        note = [fit(self.note, style.width, style.ellipsis)] if self.note else []
        lines = frame(self.newest, style, now(), rows - len(note)) if self.newest else []
        return [*lines, *note]

    async def _list(self, stream: TextIO, follow: asyncio.Task[None]) -> None:
        last = ""
        while True:
            is_last = follow.done()
            text = self.note or (summary(self.newest) if self.newest else "")
            if text not in ("", last):
                print(f"{format_time(now())} {text}", file=stream, flush=True)
                last = text
            if is_last:
                return follow.result()
            await self._change(follow, None)

    async def _change(self, follow: asyncio.Task[None], seconds: float | None) -> None:
        """Wait for a change, for the end of the watch, or for some seconds."""
        change = asyncio.create_task(self.changed.wait())
        await asyncio.wait({change, follow}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        change.cancel()
        self.changed.clear()


def summary(situation: Situation) -> str:
    """Return the rollout in one line."""
    status, canary = situation.status, situation.canary
    parts = [str(status.phase or "no status yet")]
    index, steps = situation.step, situation.steps
    if canary is not None:
        share = "" if canary.weight is None else f" {canary.weight} %"
        parts.append(f"canary {canary.revision}{share} {canary.ready}/{canary.replicas}")
        if index is not None and index < len(steps):
            parts.append(position(steps, index))
    if status.stable is not None:
        stable = status.stable
        parts.append(f"stable {stable.revision} {stable.ready}/{stable.replicas}")
    if situation.ready is not None:
        parts.append(f"{situation.ready.reason}: {situation.ready.message}")
    return beginning("; ".join(parts), _MESSAGE_LENGTH)


async def watch_on_stdout(cluster: WatchedCluster, key: UnitKey, *, is_endless: bool) -> None:
    """Watch a rollout on stdout until it ends, or if it is endless until Ctrl-C."""
    await Watching(cluster, key, is_endless).run(sys.stdout)
