"""An operator in a fake cluster, and a model whose revisions get their clients by steps."""

from datetime import timedelta
from typing import Any

from inference_operator.domain.commands import Verb, promote_all
from tests.fakes.bodies import source

from .steered_harness import SteeredHarness

STEPS = [{"setWeight": 25}, {"pause": {"duration": "2m"}}, {"setWeight": 50}, {"pause": {}}]


class Delivery(SteeredHarness):
    """An operator, and a model whose revisions get their clients by steps."""

    def wants(self, number: int, steps: list[Any] | None = None, **changes: Any) -> None:
        """Apply the manifest with that artifact."""
        canary = {"steps": STEPS if steps is None else steps}
        rollout = {"canary": canary, **changes.pop("rollout", {})}
        self.user_applies(model=source(number), rollout=rollout, **{"replicas": 3, **changes})

    @property
    def step(self) -> int | None:
        return self.status.rollout.current_step_index if self.status.rollout else None

    @property
    def told(self) -> list[str]:
        return [decision.reason for decision in self.status.decisions]


async def at_first_step(**changes: Any) -> tuple[Delivery, str]:
    """Serve a revision, and start a second one; return the first."""
    world = Delivery()
    world.wants(1, **changes)
    await world.settle()
    old = world.served
    assert old is not None
    world.wants(2, **changes)
    await world.settle()
    return world, old


async def two_served() -> tuple[Delivery, list[str]]:
    """Serve two revisions, one after the other; return the names of both."""
    world, names = Delivery(), []
    for number in (1, 2):
        world.wants(number)
        await world.settle()
        if number > 1:
            world.says(Verb.PROMOTE, promote_all(world.canary))
            await world.settle()
        assert world.served is not None
        names.append(world.served)
        await world.later(timedelta(seconds=31))
    return world, names
