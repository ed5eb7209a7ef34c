"""The operator is killed at each write of a rollout with a baseline: the end is the same."""

import pytest

from inference_operator.domain.commands import Verb, promote_all
from tests.fakes.harness import crash_at

from .baseline_harness import Compared
from .steered_harness import Deed, abort, later, tell
from .test_interruptions import final


def edit(number: int) -> Deed[Compared]:
    return lambda world: world.wants(number, replicas=2)


def promote(world: Compared) -> None:
    world.says(Verb.PROMOTE, promote_all(world.canary))


STORIES: dict[str, tuple[Deed[Compared], ...]] = {
    "promotion": (edit(1), edit(2), promote, later(31)),
    "abort": (edit(1), edit(2), abort, later(31)),
}
FIRST = 9
"""The first write that the first deployment, which has crash tests of its own, does not have."""


def end_of(world: Compared) -> tuple[list[object], list[str]]:
    """Return how a story ended. Which of two decisions of one moment is told first is no matter."""
    parts = [sorted(map(str, each)) if isinstance(each, list) else each for each in final(world)]
    return parts, world.about_baseline


@pytest.mark.parametrize("name", STORIES)
async def test_a_crash_after_any_write_ends_in_the_same_state(name: str) -> None:
    undisturbed = Compared()
    await tell(undisturbed, STORIES[name])
    assert undisturbed.about_baseline == ["BaselineStarted", "BaselineEnded"]
    end = end_of(undisturbed)
    last = len(undisturbed.cluster.writes)
    assert last > FIRST + 10

    for number in range(FIRST, last + 1):
        world = Compared()
        world.cluster.after = crash_at(number)
        assert await tell(world, STORIES[name]) == 1
        assert end_of(world) == end, number
