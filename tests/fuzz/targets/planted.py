"""Faulty targets: each shows, at some mutations of its seed, one fault that must be found."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from tests.fuzz.mutate import bytes_mutator
from tests.fuzz.target import Target, with_secret

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


def _secret(data: bytes) -> tuple[str, ...]:
    return (f"{with_secret('https://a.example/b')} is bad" if _is_bad(data) else "a sentence",)


def _growth_of_none(data: bytes) -> None:
    _growth(data)


@lru_cache(maxsize=64)
def _cached(data: bytes) -> None:
    end = time.process_time() + 1.1
    while _is_bad(data) and time.process_time() < end:
        pass


_hoarded: dict[bytes, bytes] = {}
_leaked: list[bytes] = []
_survivors: list[list[bytes]] = []


def _hoard(data: bytes) -> None:
    if _is_bad(data) and data not in _hoarded:
        _hoarded[data] = b"x" * (150 << 20)


def _leak(data: bytes) -> None:
    if _is_bad(data):
        _leaked.append(b"x" * (40 << 20))


def _survive(data: bytes) -> None:
    if _is_bad(data):
        _survivors.append([bytes(3_000) for _ in range(60_000)][::400])


def _exits(data: bytes) -> None:
    if _is_bad(data):
        raise SystemExit(0)


def _exits_at_once(data: bytes) -> None:
    if _is_bad(data):
        os._exit(0)


def _sound(data: bytes) -> None:
    """Show no fault."""


_PLANTED: Mapping[str, Callable[[bytes], Iterable[str] | None]] = {
    "crash": _crash,
    "hang": _hang,
    "growth": _growth_of_none,
    "stuck": _stuck,
    "killed": _killed,
    "message": _message,
    "secret": _secret,
    "cached": _cached,
    "hoard": _hoard,
    "leak": _leak,
    "survivors": _survive,
    "exits": _exits,
    "exits-at-once": _exits_at_once,
    "sound": _sound,
}
TARGETS = tuple(Target(name, _SEEDS, run, bytes_mutator(_SEEDS)) for name, run in _PLANTED.items())
