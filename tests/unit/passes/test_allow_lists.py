"""Allow-lists that are set later refuse new revisions, and leave serving revisions alone."""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.domain.allow_lists import AllowLists
from tests.fakes.bodies import PIPELINE, epipe, source, step
from tests.fakes.cluster import Request
from tests.fakes.harness import DEFAULTS, OperatorHarness
from tests.unit.passes.pipeline_harness import PipelineHarness

OLD = {"triton": {"image": "old.example/triton:1"}}
LISTS = AllowLists(images=("nvcr.io/nvidia/*",))
LISTED = replace(DEFAULTS, allowed=LISTS)
OTHER_DEFAULT = replace(LISTED, triton_image="registry.example/triton:27.02", staged=1)


def workloads(world: OperatorHarness) -> list[tuple[str, Any]]:
    return [(d["metadata"]["name"], d["spec"]) for d in world.cluster.all("Deployment")]


def condition(world: OperatorHarness, kind: str) -> tuple[str, str, str]:
    ready = next(c for c in world.status.conditions if c.type == kind)
    return ready.status.value, ready.reason, ready.message


async def serving(**changes: Any) -> OperatorHarness:
    world = OperatorHarness()
    world.user_applies(**{**OLD, **changes})
    await world.settle()
    assert world.ready[0] == "True"
    return world


async def test_what_serves_goes_on_under_a_new_list() -> None:
    world = await serving()
    before = workloads(world)
    world.start(LISTED)
    await world.settle()

    assert workloads(world) == before
    assert world.ready[0] == "True"
    status, reason, message = condition(world, "SpecValid")
    assert (status, reason) == ("True", "Valid")
    assert message.startswith(
        "the running revision continues to serve, but a new one would be refused"
    )
    assert 'spec.triton.image: found "old.example/triton:1"' in message


async def test_what_serves_can_be_scaled_and_is_repaired_under_a_new_list() -> None:
    world = await serving()
    world.start(LISTED)
    world.user_applies(**OLD, replicas=3)
    (deployment,) = world.cluster.all("Deployment")
    world.cluster.remove("Deployment", deployment["metadata"]["name"])
    await world.settle()

    assert list(world.deployments.values()) == [3]
    assert world.ready[0] == "True"


async def test_an_edit_makes_no_revision_that_is_not_allowed() -> None:
    world = await serving()
    served = world.served
    world.start(LISTED)
    world.user_applies(**OLD, model=source(2))
    await world.settle()

    assert world.served == served
    assert list(world.deployments) == [served]
    status, reason, message = world.ready
    assert (status, reason) == ("False", "NotAllowed")
    assert "ask the platform engineers to add it to INFERENCE_OPERATOR_ALLOWED_IMAGES" in message
    assert f"(revision {served} continues to serve on 1 replica)" in message
    assert condition(world, "SpecValid")[:2] == ("False", "NotAllowed")
    assert condition(world, "Stalled")[:2] == ("True", "NotAllowed")
    assert world.event_reasons[-1] == "NotAllowed"


async def test_an_edit_to_what_is_allowed_rolls_out() -> None:
    world = await serving()
    served = world.served
    world.start(LISTED)
    world.user_applies(triton={"image": "nvcr.io/nvidia/tritonserver:26.01-py3"})
    await world.settle()

    assert world.served != served
    assert world.ready[0] == "True"


async def test_a_rollout_under_way_is_finished_under_a_new_list() -> None:
    world = await serving()
    first = world.served
    world.answers = lambda revision: revision == first
    world.user_applies(**OLD, model=source(2))
    await world.settle()
    assert len(world.deployments) == 2
    world.start(LISTED)
    world.answers = lambda revision: True
    await world.settle()

    assert world.served != first
    assert world.ready[0] == "True"


async def test_a_revision_of_the_history_that_is_not_allowed_is_not_restored() -> None:
    world = await serving(rollout={"scaleDownDelay": "1s"})
    allowed = {"image": "nvcr.io/nvidia/tritonserver:26.01-py3"}
    world.user_applies(triton=allowed, rollout={"scaleDownDelay": "1s"})
    await world.settle()
    await world.later(world.now - world.now.replace(hour=11))
    served = world.served
    assert list(world.deployments) == [served]
    world.start(LISTED)
    world.user_applies(**OLD, rollout={"scaleDownDelay": "1s"})
    await world.settle()

    assert world.served == served
    assert world.ready[1] == "NotAllowed"


async def test_a_new_unit_that_is_not_allowed_gets_no_children() -> None:
    world = OperatorHarness()
    world.start(LISTED)
    world.user_applies(**OLD)
    await world.settle()

    written = [r.kind for r in world.cluster.requests if isinstance(r, Request)]
    assert set(written) <= {"InferenceModel", "Event"}
    assert world.cluster.all("Deployment") == []
    assert world.ready[1] == "NotAllowed"


async def test_new_defaults_make_no_revision_of_what_is_not_allowed() -> None:
    world = OperatorHarness()
    world.user_applies(serviceAccountName="builder")
    await world.settle()
    before = workloads(world)
    lists = AllowLists(service_accounts=("inference",))
    world.start(replace(OTHER_DEFAULT, allowed=lists))
    await world.settle()

    assert workloads(world) == before
    assert world.ready[0] == "True"


async def test_a_model_of_the_registry_is_refused_before_the_registry_answers() -> None:
    world = OperatorHarness()
    world.start(LISTED)
    world.user_applies(**OLD, model={"source": {"uri": "models:/fx@champion"}})
    await world.settle()

    assert world.ready[1] == "NotAllowed"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"triton": {"image": "old.example/triton:1"}}, "spec.triton.image"),
        (
            {
                "steps": [
                    step(
                        modelRef=None,
                        model={
                            **source(1),
                            "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
                            "outputs": [{"name": "y", "dataType": "FP32", "shape": [1]}],
                        },
                    )
                ]
            },
            "spec.steps[drift].model.source.uri",
        ),
    ],
)
async def test_a_pipeline_is_held_to_the_lists(changes: dict[str, Any], path: str) -> None:
    harness = PipelineHarness()
    lists = replace(LISTS, source_hosts=("models.example.com",))
    harness.start(replace(DEFAULTS, allowed=lists))
    harness.cluster.apply_as("kubectl", epipe(**changes), force=True)
    await harness.settle(keys=(PIPELINE,))

    status, reason, message = harness.condition("Ready")
    assert (status, reason) == ("False", "NotAllowed")
    assert path in message


async def test_a_pipeline_goes_on_with_a_model_that_is_not_allowed_any_more() -> None:
    harness = PipelineHarness()
    served = await harness.serving()
    harness.start(replace(DEFAULTS, allowed=AllowLists(source_hosts=("models.example.com",))))
    await harness.settled()

    assert harness.of_pipeline.stable is not None
    assert harness.of_pipeline.stable.revision == served
    assert harness.condition("Ready")[0] == "True"
