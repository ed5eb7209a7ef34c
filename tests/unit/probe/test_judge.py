"""Health as a pure state machine: each row is a story of what was seen at which second."""

from collections.abc import Callable

import pytest

from inference_operator.probe import judge
from inference_operator.probe.judge import Health

Event = Callable[[Health, float], Health]
# What happened at which time.
Story = list[tuple[float, Event]]


def ready(health: Health, now: float) -> Health:
    return judge.became_ready(health, now)


def passed(seconds: float | None = 0.01) -> Event:
    return lambda health, now: judge.first_passed(health, now, seconds)


def failed(health: Health, now: float) -> Health:
    return judge.first_failed(health)


def answer(seconds: float = 0.01) -> Event:
    return lambda health, now: judge.answered(health, now, seconds)


def moved(seconds: float = 0.0) -> Event:
    return lambda health, now: judge.moved(health, now, seconds)


def gone(health: Health, now: float) -> Health:
    return judge.waiting(now)


ask, dead, aged = judge.asked, judge.dead_stub, judge.aged
STARTED: Story = [(1, ready), (1, passed())]

# The story, the second of the question, and whether the model is ready and the server live then.
TABLE: dict[str, tuple[Story, float, bool, bool]] = {
    "Triton starts": ([], 5, False, True),
    "Triton is away for long": ([], 11, False, False),
    "the first request is under way": ([(1, ready)], 500, False, True),
    "the first request passed": (STARTED, 1, True, True),
    "the first request failed": ([(1, ready), (2, failed)], 9000, False, True),
    "the first request had no answer": (
        [(1, ready), (601, judge.first_unanswered)],
        601,
        False,
        False,
    ),
    "an idle model between two requests": ([*STARTED, (4, ask), (4.1, answer())], 60, True, True),
    "a request waits": ([*STARTED, (4, ask)], 8.9, True, True),
    "a hang": ([*STARTED, (4, ask)], 9.1, False, True),
    "a hang that goes on": ([*STARTED, (4, ask)], 19.1, False, False),
    "a hang, asked again and again": ([*STARTED, (4, ask), (34, ask), (64, ask)], 66, False, False),
    "a hang that ends": ([*STARTED, (4, ask), (30, answer())], 30, True, True),
    "saturation: clients are answered": (
        [*STARTED, *((second, moved()) for second in range(3, 600, 3))],
        600,
        True,
        True,
    ),
    "saturation while a request waits in the queue": (
        [*STARTED, (4, ask), (7, moved()), (10, ask), (13, moved())],
        14,
        True,
        True,
    ),
    "a slow model has time": (
        [*STARTED, (4, ask), (8, answer(4.0)), (11, ask)],
        26.9,
        True,
        True,
    ),
    "a slow model that hangs": (
        [*STARTED, (4, ask), (8, answer(4.0)), (11, ask)],
        27.1,
        False,
        True,
    ),
    "a model that is slow for clients": ([*STARTED, (4, moved(6.0)), (7, ask)], 30, True, True),
    "a slow first request gives time": ([(1, ready), (9, passed(8.0)), (12, ask)], 40, True, True),
    "but only until there is another": (
        [(1, ready), (9, passed(8.0)), (12, ask), (12.1, answer()), (15, ask)],
        20.1,
        False,
        True,
    ),
    "slowness is forgotten after ten minutes": (
        [*STARTED, (4, ask), (8, answer(4.0)), (700, answer()), (703, ask)],
        708.1,
        False,
        True,
    ),
    "one answer about a dead stub": ([*STARTED, (4, dead)], 4, True, True),
    "two in a row": ([*STARTED, (4, dead), (5, dead)], 5, False, False),
    "another instance answers between them": (
        [*STARTED, (4, dead), (5, answer()), (6, dead)],
        6,
        False,
        False,
    ),
    "one, and one much later": ([*STARTED, (4, dead), (90, dead)], 90, True, True),
    "one that is forgotten": ([*STARTED, (4, dead), (20, aged), (21, dead)], 21, True, True),
    "a dead stub stays dead": ([*STARTED, (4, dead), (5, dead), (60, moved())], 90, False, False),
    "Triton ends": ([*STARTED, (9, gone)], 9, False, True),
    "Triton ended, and does not come back": ([*STARTED, (9, gone)], 19.5, False, False),
    "Triton is back after a dead stub": (
        [*STARTED, (4, dead), (5, dead), (40, gone), (43, ready), (43, passed())],
        44,
        True,
        True,
    ),
}


def told(story: Story) -> Health:
    health = judge.waiting(0)
    for at, event in story:
        health = event(health, at)
    return health


@pytest.mark.parametrize(("story", "at", "is_ready", "is_live"), TABLE.values(), ids=TABLE)
def test_health(story: Story, at: float, is_ready: bool, is_live: bool) -> None:
    health = told(story)
    assert (health.is_ready(at), health.is_live(at)) == (is_ready, is_live)


def test_the_patience_has_an_end() -> None:
    health = told([*STARTED, (4, ask), (900, answer(896.0))])
    assert health.patience == judge.MOST_PATIENCE


def test_memory_does_not_grow() -> None:
    health = told(STARTED)
    for second in range(2, 5000):
        health = judge.answered(health, second, 5000.0 - second)
    assert len(health.latencies) <= judge.LATENCY_SECONDS + 1
