"""Tests have the cluster together, or one has it alone, and no later test overtakes that one."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.run_state import SuiteTurns

SOON, NOT_YET = 10.0, 0.2


class Visitor:
    """A thread that holds a turn until `leave` is called."""

    def __init__(self, turn: Callable[[], AbstractContextManager[None]]) -> None:
        self._turn = turn
        self._inside, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._visit, daemon=True)
        self._thread.start()

    def _visit(self) -> None:
        with self._turn():
            self._inside.set()
            self._end.wait(SOON)

    def is_inside(self, within: float = SOON) -> bool:
        return self._inside.wait(within)

    def leave(self) -> None:
        self._end.set()
        self._thread.join(SOON)


@pytest.fixture
def turns(tmp_path: Path) -> SuiteTurns:
    return SuiteTurns(tmp_path)


def test_many_have_a_turn_beside_others(turns: SuiteTurns) -> None:
    visitors = [Visitor(turns.beside_others) for _ in range(3)]
    assert all(visitor.is_inside() for visitor in visitors)
    for visitor in visitors:
        visitor.leave()


def test_one_is_alone_once_the_others_have_left(turns: SuiteTurns) -> None:
    other = Visitor(turns.beside_others)
    assert other.is_inside()
    alone = Visitor(turns.alone)
    assert not alone.is_inside(NOT_YET)
    other.leave()
    assert alone.is_inside()
    alone.leave()


def test_those_that_come_later_wait_behind_the_one_that_wants_to_be_alone(
    turns: SuiteTurns,
) -> None:
    first = Visitor(turns.beside_others)
    assert first.is_inside()
    alone = Visitor(turns.alone)
    assert not alone.is_inside(NOT_YET)
    late = Visitor(turns.beside_others)
    assert not late.is_inside(NOT_YET)
    first.leave()
    assert alone.is_inside()
    assert not late.is_inside(NOT_YET)
    alone.leave()
    assert late.is_inside()
    late.leave()
