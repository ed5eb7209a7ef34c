"""`status --watch`: frames that replace each other, or lines where no cursor can be moved."""

import asyncio
import io
import os
import re
from collections.abc import Sequence
from datetime import datetime

import pytest

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.cli import unit_watch
from inference_operator.cli.cluster_access import AccessError
from inference_operator.cli.rollout_commands import watching
from inference_operator.cli.rollout_commands.watching import Screen, Watching, style_of, summary
from tests.fakes.bodies import KEY, Body
from tests.unit.cli.rollout_situations import (
    CANARY,
    NOON,
    STABLE,
    aborted,
    at_step,
    body,
    condition,
    situation,
    steady,
)
from tests.unit.cli.scripted_cluster import ScriptedCluster

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    size = os.terminal_size((80, 30))
    monkeypatch.setattr(watching.shutil, "get_terminal_size", lambda: size)
    monkeypatch.setattr(watching, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(watching, "now", lambda: NOON)
    monkeypatch.setattr(unit_watch, "RETRY_SECONDS", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def watched(
    stream: io.StringIO, bodies: Sequence[Body], *, is_endless: bool = False, seconds: float = 20
) -> str:
    """What the stream got until the watch ended, or until the time was over."""
    first, *others = bodies
    events = [[("MODIFIED", each) for each in others]] if others else []
    # The second list follows the end of the watch; the watch after it stays open.
    cluster = ScriptedCluster([[first], [bodies[-1]]], events)
    watch = Watching(cluster, KEY, is_endless)

    async def run() -> None:
        async with asyncio.timeout(seconds):
            await watch.run(stream)

    asyncio.run(run())
    return stream.getvalue()


STORY = [body(at_step(0)), body(at_step(1)), body(at_step(2, weight=12)), body(steady())]


def test_lines_tell_each_change_until_the_rollout_ends() -> None:
    printed = watched(io.StringIO(), STORY).splitlines()

    assert all(each.isprintable() for each in printed)
    assert printed[-1].startswith("2031-05-06T12:00:00Z Ready; stable")
    assert len(printed) == len(set(printed))


def test_the_last_frame_stays_and_the_cursor_comes_back() -> None:
    printed = watched(Terminal(), STORY)

    assert printed.endswith(SHOW)
    last = printed.rpartition(HIDE)[2]
    assert "Ready: 4 of 4 replicas serve version 3" in last
    assert "canary" not in last


@pytest.mark.parametrize("status", [steady(), aborted(), aborted(with_pods=True)])
def test_without_a_rollout_it_ends_at_once(status: Body) -> None:
    assert "\n" in watched(io.StringIO(), [body(status)])


@pytest.mark.parametrize(
    "status",
    [
        at_step(1),
        {**steady(), "observedGeneration": 3},
        {**steady(), "conditions": [condition("Ready", "False", "Paused")]},
        {},
    ],
)
def test_it_waits_while_a_rollout_is_under_way_or_to_come(status: Body) -> None:
    with pytest.raises(TimeoutError):
        watched(io.StringIO(), [body(status)], seconds=0.2)


def test_an_endless_watch_goes_on_after_the_end() -> None:
    stream = io.StringIO()
    with pytest.raises(TimeoutError):
        watched(stream, [*STORY, body(at_step(0))], is_endless=True, seconds=0.5)

    assert f"canary {CANARY} 10 %" in stream.getvalue().splitlines()[-1]


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_deleted_resource_ends_it(stream: type[io.StringIO]) -> None:
    cluster = ScriptedCluster([[body(at_step(0))]], [[("DELETED", {})]])
    with pytest.raises(AccessError, match="was deleted"):
        asyncio.run(Watching(cluster, KEY, False).run(stream()))


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_broken_watch_is_begun_again(
    stream: type[io.StringIO], capsys: pytest.CaptureFixture[str]
) -> None:
    gone = ApiError(503, "", "starting\x1b[2J")
    cluster = ScriptedCluster([gone, [body(at_step(0))], [body(steady())]], [gone])
    shown_in = stream()
    asyncio.run(Watching(cluster, KEY, False).run(shown_in))

    assert "the API server: starting\\u001b[2J; asking again" in shown_in.getvalue()
    assert capsys.readouterr().err == "", "it would move the frame"


def shown(stream: str, height: int) -> list[str]:
    """The lines of a terminal after these texts, as the sequences of a `Screen` change them."""
    lines, row = [""] * height, 0
    for token in re.findall(r"\x1b\[[?0-9]*[a-zA-Z]|\n|[^\x1b\n]+", stream):
        match token:
            case "\n":
                row += 1
            case "\x1b[J":
                lines[row:] = [""] * (height - row)
            case "\x1b[H":
                row = 0
            case "\x1b[2J":
                lines = [""] * height
            case str() if token.endswith("F"):
                row -= int(token[2:-1])
                assert row >= 0
            case str() if not token.startswith("\x1b"):
                lines[row] = token
    return lines


def test_each_frame_replaces_the_last_one() -> None:
    screen, size = Screen(Terminal()), (80, 10)
    for frame in (["a", "b"], ["c", "d", "e"], ["c", "d", "e"], ["f"]):
        screen.draw(frame, size)
        assert shown(screen.stream.getvalue(), 10)[: len(frame) + 1] == [*frame, ""]


def test_a_terminal_of_another_size_is_cleared_first() -> None:
    screen = Screen(Terminal())
    screen.draw(["a" * 60, "b"], (80, 10))
    screen.draw(["c"], (40, 10))

    assert "\x1b[2J" in screen.stream.getvalue()
    assert shown(screen.stream.getvalue(), 10) == ["c", *[""] * 9]


def test_a_frame_that_is_the_same_is_not_written_again() -> None:
    screen = Screen(Terminal())
    screen.draw(["a"], (80, 10))
    before = screen.stream.getvalue()
    screen.draw(["a"], (80, 10))

    assert screen.stream.getvalue() == before


def test_time_goes_on_in_a_frame_without_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(10_000))

    def now() -> datetime:
        return NOON.replace(second=min(next(times), 59))

    monkeypatch.setattr(watching, "now", now)
    stream = Terminal()
    with pytest.raises(TimeoutError):
        watched(stream, [body(at_step(1))], seconds=0.5)

    assert "ends in 3m" in stream.getvalue()
    assert "ends in 2m59s" in stream.getvalue()


def test_colours_need_a_terminal_and_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert style_of(Terminal()).has_colours
    assert not style_of(io.StringIO()).has_colours
    monkeypatch.setenv("NO_COLOR", "1")
    assert not style_of(Terminal()).has_colours
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not style_of(Terminal()).has_colours


def test_a_rollout_in_one_line() -> None:
    line = summary(situation(at_step(1)))

    assert line.startswith(
        f"Progressing; canary {CANARY} 10 % 1/2; step 2 of 5 (pause 5m); stable {STABLE} 4/4;"
        " Progressing: revision"
    )
    assert summary(situation({})) == "no status yet"
