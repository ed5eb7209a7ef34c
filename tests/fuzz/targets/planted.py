"""Faulty targets: each shows, at some mutations of its seed, one fault that must be found."""

import os
import time

from tests.fuzz.mutate import bytes_mutator
from tests.fuzz.target import Target

_SEEDS = (b"good",)


def _is_bad(data: bytes) -> bool:
    return b"good" not in data


def _crash(data: bytes) -> None:
    if _is_bad(data):
        raise KeyError("planted")


def _hang(data: bytes) -> None:
    end = time.process_time() + 1.1
    while _is_bad(data) and time.process_time() < end:
        pass


def _growth(data: bytes) -> int:
    return len(b"x" * (150 << 20)) if _is_bad(data) else 0


def _stuck(data: bytes) -> None:
    while _is_bad(data):
        pass


def _killed(data: bytes) -> None:
    if _is_bad(data):
        os.abort()


def _message(data: bytes) -> tuple[str, ...]:
    return ("\x1b[2J" if _is_bad(data) else "a sentence",)


def _growth_of_none(data: bytes) -> None:
    _growth(data)


def _sound(data: bytes) -> None:
    """Show no fault."""


TARGETS = tuple(
    Target(name, _SEEDS, run, bytes_mutator(_SEEDS))
    for name, run in {
        "crash": _crash,
        "hang": _hang,
        "growth": _growth_of_none,
        "stuck": _stuck,
        "killed": _killed,
        "message": _message,
        "sound": _sound,
    }.items()
)
