"""The clock of the passes, while the wall clock jumps."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import inference_operator
from inference_operator.api.status import Phase
from inference_operator.runtime.steady_clock import SteadyClock
from tests.fakes.harness import OperatorHarness
from tests.unit.passes.delivery_harness import at_first_step

PACKAGE = Path(inference_operator.__file__).parent
NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
JUMPS = pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forwards", "backwards"])


@dataclass
class Machine:
    """A machine with a wall clock, which can be set, and a count of the seconds since its boot."""

    wall: datetime = NOON
    seconds: float = 12_345.0
    clock: Callable[[], datetime] = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SteadyClock(lambda: self.wall, lambda: self.seconds)

    def wait(self, delay: timedelta) -> None:
        self.wall += delay
        self.seconds += delay.total_seconds()


def test_it_shows_the_wall_clocks_time_at_the_start_and_later() -> None:
    machine = Machine()
    assert machine.clock() == NOON
    machine.wait(timedelta(seconds=1.5))
    assert machine.clock() == machine.wall == NOON + timedelta(seconds=1.5)


@JUMPS
def test_a_jump_of_the_wall_clock_does_not_move_it(jump: timedelta) -> None:
    machine = Machine()
    machine.wait(timedelta(minutes=1))
    machine.wall += jump
    assert machine.clock() == NOON + timedelta(minutes=1)
    machine.wait(timedelta(minutes=1))
    assert machine.clock() == NOON + timedelta(minutes=2)


def test_a_restart_reads_the_wall_clock_again() -> None:
    machine = Machine()
    machine.wall += HOUR
    assert SteadyClock(lambda: machine.wall, lambda: machine.seconds)() == NOON + HOUR


def test_it_does_not_go_backwards_between_two_readings() -> None:
    clock = SteadyClock()
    first = clock()
    assert clock() >= first


@JUMPS
async def test_a_jump_ends_no_deadline_of_a_rollout(jump: timedelta) -> None:
    harness, machine = OperatorHarness(), Machine()
    harness.answers = lambda revision: False
    harness.user_applies()
    harness.now = machine.clock()
    await harness.settle()
    machine.wall += jump
    harness.now = machine.clock()
    await harness.settle()
    assert harness.status.phase is Phase.PROGRESSING


@JUMPS
async def test_a_jump_ends_no_pause_of_a_step_and_prolongs_none(jump: timedelta) -> None:
    machine = Machine()
    world, _ = await at_first_step()
    machine.wall += jump
    world.now = machine.clock()
    await world.settle()
    assert world.step == 1

    machine.wait(timedelta(minutes=2))
    world.now = machine.clock()
    await world.settle()
    assert world.step == 3


def test_only_these_modules_of_the_operator_read_the_wall_clock() -> None:
    folders = ("adapters", "reconcile", "runtime")
    paths = [path for folder in folders for path in (PACKAGE / folder).rglob("*.py")]
    reading = {
        path.relative_to(PACKAGE).as_posix()
        for path in paths
        if re.search(r"\b(datetime\.now|time\.time|time_ns)\(", path.read_text("utf-8"))
    }
    assert reading == {
        # It writes `renewTime` for people; it measures with the clock of the machine's boot.
        "adapters/kubernetes/lease.py",
        # Kopf compares with the wall clock; after an early or late refusal it logs in again.
        "runtime/kopf_watch.py",
        "runtime/steady_clock.py",
    }
