"""Managed fields of annotations: the fake cluster and the API server tell the same setter."""

from typing import Any

from inference_operator.domain.commands import Commands, Verb
from inference_operator.observation.command_setters import read_setters
from inference_operator.observation.kinds import UNIT_BY_KIND
from inference_operator.observation.projection import project
from tests.contract.conftest import Ground
from tests.fakes.bodies import imodel

MODEL = UNIT_BY_KIND["InferenceModel"]


def annotate(ground: Ground, verb: Verb, value: str | None) -> None:
    change: dict[str, Any] = {"metadata": {"annotations": {verb.annotation: value}}}
    ground.strangers_patch(MODEL.kind, "tape", change)


async def setters(ground: Ground) -> dict[str, str]:
    """Who set which command, as a pass reads the live object."""
    live = await ground.cluster.get(MODEL, ground.namespace, "tape")
    meta = project(MODEL.kind, live)["metadata"]
    commands = Commands.read(meta.get("annotations") or {}, read_setters(meta))
    assert all(
        len(setter.time) == len("2031-05-06T12:00:00Z") for setter in commands.setters.values()
    )
    return {str(verb): setter.manager for verb, setter in commands.setters.items()}


async def test_a_command_has_the_manager_that_set_it(ground: Ground) -> None:
    ground.strangers_apply(imodel("tape", namespace=ground.namespace))
    assert await setters(ground) == {}
    annotate(ground, Verb.ABORT, "935a3432c3")
    assert await setters(ground) == {"abort": "kubectl-edit"}


async def test_our_status_and_a_manifest_that_is_applied_again_take_nothing(
    ground: Ground,
) -> None:
    body = imodel("tape", namespace=ground.namespace)
    ground.strangers_apply(body)
    annotate(ground, Verb.PAUSE, "935a3432c3")
    ground.strangers_apply(body)
    status = {"metadata": {"name": "tape", "namespace": ground.namespace}}
    await ground.cluster.patch(
        MODEL, {**status, "status": {"phase": "Ready"}}, subresource="status"
    )
    assert await setters(ground) == {"pause": "kubectl-edit"}


async def test_a_command_that_was_removed_has_no_setter(ground: Ground) -> None:
    ground.strangers_apply(imodel("tape", namespace=ground.namespace))
    annotate(ground, Verb.PAUSE, "935a3432c3")
    annotate(ground, Verb.PAUSE, None)
    assert await setters(ground) == {}
