"""Frozen rollouts in a fake cluster: the annotation, and models to freeze."""

from typing import Any

from inference_operator.domain.freeze import FREEZE_ANNOTATION
from tests.fakes.bodies import KEY, source

from .delivery_harness import Delivery


def freeze(world: Any, text: str | None = "end of quarter", namespace: str = KEY.namespace) -> None:
    """Annotate the namespace as `kubectl annotate` does."""
    if world.cluster.live("Namespace", namespace) is None:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        world.cluster.apply_as("kubectl", body)
    change = {"metadata": {"annotations": {FREEZE_ANNOTATION: text}}}
    world.cluster.edit("Namespace", namespace, change)


async def serving(**changes: Any) -> tuple[Delivery, str]:
    """Serve a revision without steps."""
    world = Delivery()
    world.user_applies(model=source(1), replicas=2, **changes)
    await world.settle()
    assert world.served is not None
    return world, world.served
