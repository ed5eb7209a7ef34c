"""The operator is killed at each write of a rollout by steps: the end is the same."""

from datetime import timedelta

import pytest

from inference_operator.domain.commands import Verb, promote_step
from tests.fakes.harness import crash_at

from .delivery_harness import Delivery
from .steered_harness import Deed, abort, later, tell
from .test_interruptions import final


def edit(number: int) -> Deed[Delivery]:
    return lambda world: world.wants(number)


def promote(step: int) -> Deed[Delivery]:
    return lambda world: world.says(Verb.PROMOTE, promote_step(world.canary, step))


STORIES: dict[str, tuple[Deed[Delivery], ...]] = {
    "promotion": (edit(1), edit(2), later(120), promote(3), later(31)),
    "abort": (edit(1), edit(2), abort, later(31)),
    "replaced canary": (edit(1), edit(2), edit(3), later(31)),
    "going back": (edit(1), edit(2), edit(1)),
}
WRITES = {
    "promotion": (9, 33),
    "abort": (19, 24),
    "replaced canary": (19, 32),
    "going back": (19, 24),
}
"""The first write of each story that no other story has, and the last one. The first deployment has
crash tests of its own."""


_ENDS: dict[str, object] = {}


async def undisturbed(name: str) -> object:
    """Return the end of a story in which nothing crashes."""
    if name not in _ENDS:
        world = Delivery()
        await tell(world, STORIES[name])
        _ENDS[name] = final(world)
    return _ENDS[name]


CASES = [(name, n) for name, (first, last) in WRITES.items() for n in range(first, last + 1)]


@pytest.mark.parametrize(("name", "number"), CASES)
async def test_a_crash_after_any_write_ends_in_the_same_state(name: str, number: int) -> None:
    world = Delivery()
    world.cluster.after = crash_at(number)
    assert await tell(world, STORIES[name]) == 1

    assert final(world) == await undisturbed(name)


@pytest.mark.parametrize("name", STORIES)
async def test_each_story_has_as_many_writes_as_crashes_are_tried(name: str) -> None:
    world = Delivery()
    await tell(world, STORIES[name])

    assert len(world.cluster.writes) == WRITES[name][1]


async def test_a_step_takes_few_writes() -> None:
    world = Delivery()
    for deed in STORIES["promotion"][:2]:
        deed(world)
        await world.settle()
    before = len(world.cluster.writes)
    await world.later(timedelta(seconds=120))

    assert world.step == 3
    # A Deployment, and two changes of the status with the Events of three decisions.
    assert len(world.cluster.writes) - before == 6, "for two steps"
