"""The requests of a unit without a canary, a gateway or a headless Service: as many as before."""

from collections.abc import Callable
from datetime import timedelta

from tests.fakes.bodies import source
from tests.fakes.harness import OperatorHarness


def applies(number: int, **changes: object) -> Callable[[OperatorHarness], None]:
    """Return the deed of applying the model with that artifact."""
    return lambda world: world.user_applies(**{"model": source(number), "replicas": 3, **changes})


def answers(*, yes: bool) -> Callable[[OperatorHarness], None]:
    """Return the deed of all pods becoming ready, or none being it any more."""

    def change(world: OperatorHarness) -> None:
        world.answers = lambda revision: yes
        world.run_deployments()

    return change


def later(seconds: int) -> Callable[[OperatorHarness], None]:
    return lambda world: setattr(world, "now", world.now + timedelta(seconds=seconds))


# The numbers are those of commit 2f1a402, the last one before rollouts by steps.
STORY: dict[str, tuple[Callable[[OperatorHarness], None], int]] = {
    "first": (applies(1, replicas=2), 8),
    "new revision": (applies(2, replicas=2), 9),
    "delay over": (later(31), 3),
    "scaled": (applies(2), 5),
    "invalid": (applies(2, model={**source(2), "format": "floppy"}), 2),
    "valid": (applies(2), 2),
    "nobody answers": (answers(yes=False), 1),
    "all answer": (answers(yes=True), 2),
    "paused": (applies(3, rollout={"paused": True}), 2),
    "back to the first": (applies(1), 8),
    "an hour later": (later(3600), 3),
    "restart": (lambda world: world.start(), 0),
    "idle": (later(60), 0),
}


async def test_the_requests_are_as_many_as_before_rollouts_by_steps() -> None:
    world, counts = OperatorHarness(), {}
    for name, (deed, _) in STORY.items():
        before = len(world.cluster.requests)
        deed(world)
        await world.settle()
        counts[name] = len(world.cluster.requests) - before

    assert counts == {name: count for name, (_, count) in STORY.items()}
    assert world.cluster.requests == world.cluster.writes, "nothing is read"
