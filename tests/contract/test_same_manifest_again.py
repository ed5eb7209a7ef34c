"""The same manifest again, as a sync or self-heal of Argo CD sends it: commands of people stay."""

from typing import Any

import pytest

from inference_operator.domain.commands import Verb
from tests.contract.conftest import Ground
from tests.fakes.bodies import epipe, imodel

NAME = "tape"
COMMANDS = {verb.annotation: "935a3432c3" for verb in Verb}
STEPS = {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}]}}


def manifest(kind: str, ground: Ground) -> dict[str, Any]:
    build = imodel if kind == "InferenceModel" else epipe
    return build(NAME, namespace=ground.namespace, rollout=STEPS)


def live(kind: str, ground: Ground) -> dict[str, Any]:
    body = ground.get(kind, NAME)
    assert body is not None
    return body


@pytest.mark.parametrize("kind", ["InferenceModel", "EnsemblePipeline"])
async def test_it_changes_nothing(kind: str, ground: Ground) -> None:
    ground.strangers_apply(manifest(kind, ground))
    ground.strangers_patch(kind, NAME, {"metadata": {"annotations": COMMANDS}})
    before = live(kind, ground)
    ground.strangers_apply(manifest(kind, ground))

    after = live(kind, ground)
    assert after["metadata"]["annotations"] == COMMANDS
    for field in ("generation", "resourceVersion"):
        assert after["metadata"][field] == before["metadata"][field]
    assert after["spec"] == before["spec"]


@pytest.mark.parametrize("kind", ["InferenceModel", "EnsemblePipeline"])
async def test_an_edit_in_git_keeps_them_and_makes_a_generation(kind: str, ground: Ground) -> None:
    ground.strangers_apply(manifest(kind, ground))
    ground.strangers_patch(kind, NAME, {"metadata": {"annotations": COMMANDS}})
    before = live(kind, ground)
    edited = manifest(kind, ground)
    edited["spec"]["replicas"] = 2
    ground.strangers_apply(edited)

    after = live(kind, ground)
    assert after["metadata"]["annotations"] == COMMANDS
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1


@pytest.mark.parametrize("kind", ["InferenceModel", "EnsemblePipeline"])
async def test_a_command_makes_no_generation(kind: str, ground: Ground) -> None:
    ground.strangers_apply(manifest(kind, ground))
    before = live(kind, ground)["metadata"]["generation"]
    ground.strangers_patch(kind, NAME, {"metadata": {"annotations": COMMANDS}})

    assert live(kind, ground)["metadata"]["generation"] == before
