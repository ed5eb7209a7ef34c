"""An operator in a fake cluster whose rollouts people steer, and stories told with crashes."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from inference_operator.domain.commands import Verb
from tests.fakes.bodies import KEY
from tests.fakes.cluster import CrashedError
from tests.fakes.harness import OperatorHarness


class SteeredHarness(OperatorHarness):
    """An operator, and a person who gives commands to the rollout of its model."""

    rounds = 20
    """The most passes until nothing changes any more."""

    def says(self, verb: Verb, value: str | None) -> None:
        """Annotate the resource, as `kubectl inference` does."""
        change = {"metadata": {"annotations": {verb.annotation: value}}}
        self.cluster.edit(KEY.kind, KEY.name, change, "kubectl-inference")

    @property
    def canary(self) -> str:
        assert self.status.canary is not None
        return self.status.canary.revision

    def check(self) -> None:
        """Assert what holds after each deed of a story."""


World = TypeVar("World", bound=SteeredHarness)
Deed = Callable[[World], None]


def abort(world: SteeredHarness) -> None:
    world.says(Verb.ABORT, world.canary)


def later(seconds: int) -> Callable[[SteeredHarness], None]:
    """Return the deed of waiting; the operator looks again afterwards."""
    return lambda world: setattr(world, "now", world.now + timedelta(seconds=seconds))


async def tell(world: World, story: tuple[Deed[World], ...]) -> int:
    """Do one deed after the other; return how often the operator crashed."""
    crashes = 0
    for deed in story:
        deed(world)
        try:
            await world.settle(world.rounds)
        except CrashedError:
            crashes += 1
            world.cluster.before = world.cluster.after = None
            world.start()
            await world.settle(world.rounds)
        world.check()
    return crashes
