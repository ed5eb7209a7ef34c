"""Pipelines of pipelines: all models within are pinned, and no pipeline is part of itself."""

from typing import Any

from inference_operator.api.status import EnsemblePipelineStatus
from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, PIPELINE, epipe, source, step
from tests.unit.passes.pipeline_harness import PipelineHarness


async def test_a_pipeline_of_a_pipeline_pins_all_of_its_models() -> None:
    harness = PipelineHarness()
    await harness.serving(1)
    outer = UnitKey(PIPELINE.kind, PIPELINE.namespace, "fx-outer")
    inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
    harness.cluster.apply_as("kubectl", epipe(outer.name, steps=[inner]), force=True)
    await harness.settled((KEY, PIPELINE, outer))

    status = harness.status_of(outer)
    assert isinstance(status, EnsemblePipelineStatus)
    assert status.stable is not None
    plan = harness.cluster.live("ConfigMap", f"fx-outer-{status.stable.revision}")
    assert plan is not None
    assert set(plan["data"]) == {
        "plan.json",
        "fx-drift.config.pbtxt",
        "fx-signal.config.pbtxt",
        "fx-outer.config.pbtxt",
    }
    assert status.steps[0].model_ref == "EnsemblePipeline/fx-signal"

    await harness.serving(2)
    await harness.settled((KEY, PIPELINE, outer))
    after = harness.status_of(outer)
    assert after.stable is not None
    assert after.stable.revision != status.stable.revision, "a change two levels down"


async def test_a_model_and_a_pipeline_of_it_are_taken_together() -> None:
    harness = PipelineHarness()
    await harness.serving(1)
    outer = UnitKey(PIPELINE.kind, PIPELINE.namespace, "fx-outer")
    inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
    direct = step("direct", outputMap={"y": "z"})
    outputs = [{"name": name, "dataType": "FP32", "shape": [1]} for name in ("y", "z")]
    harness.cluster.apply_as(
        "kubectl", epipe(outer.name, steps=[inner, direct], outputs=outputs), force=True
    )
    keys = (KEY, PIPELINE, outer)
    await harness.settled(keys)
    before = harness.status_of(outer).stable
    assert before is not None

    harness.user_applies(model=source(2))
    await harness.settle(keys=(KEY, outer))
    assert harness.status_of(outer).stable == before, "the inner one is behind"
    await harness.settled(keys)

    plans = harness.cluster.all("ConfigMap")
    after = harness.status_of(outer).stable
    assert after is not None
    assert after.revision != before.revision
    (plan,) = (p for p in plans if p["metadata"]["name"] == f"fx-outer-{after.revision}")
    assert "fx/1/" not in plan["data"]["plan.json"]


async def test_a_pipeline_is_no_step_of_itself() -> None:
    harness = PipelineHarness()
    itself = step(modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})

    harness.user_applies_pipeline(steps=[itself])
    await harness.settled((PIPELINE,))

    assert harness.condition("SpecValid") == (
        "False",
        "InvalidSpec",
        "spec.steps[drift].modelRef: found the pipeline itself, expected another resource; remove"
        " the step",
    )


async def test_a_step_that_refers_to_the_pipeline_hides_nothing_else() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)
    harness.remove_model()
    itself = step("itself", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})

    misspelt = step(inputMap={"x": "misspelt"}, outputMap={"y": "z"})
    harness.user_applies_pipeline(steps=[itself, misspelt])
    await harness.settled((PIPELINE,))

    assert harness.sets == {old: 1}
    message = harness.condition("SpecValid")[2]
    assert message.startswith("spec.steps[itself].modelRef: found the pipeline itself")
    assert 'spec.steps[drift].inputMap[x]: found tensor "misspelt"' in message
    assert harness.condition("ResolvedRefs")[:2] == ("False", "ReferenceNotFound")


async def test_moving_an_inner_pipelines_pods_makes_no_new_outer_set() -> None:
    harness = PipelineHarness()
    await harness.serving(1)
    outer = UnitKey(PIPELINE.kind, PIPELINE.namespace, "fx-outer")
    inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
    harness.cluster.apply_as("kubectl", epipe(outer.name, steps=[inner]), force=True)
    keys = (KEY, PIPELINE, outer)
    await harness.settled(keys)
    before = harness.status_of(outer).stable

    harness.user_applies_pipeline(resources={"requests": {"cpu": "2"}})
    await harness.settled(keys)

    assert harness.of_pipeline.model is not None
    assert harness.of_pipeline.model.version == "2"
    assert harness.status_of(outer).stable == before


async def test_moved_pods_of_the_pipelines_within_make_no_new_set() -> None:
    harness = PipelineHarness()
    await harness.serving(1)
    middle, outer = (UnitKey(PIPELINE.kind, PIPELINE.namespace, n) for n in ("middle", "outer"))
    keys = (KEY, PIPELINE, middle, outer)

    async def pods_of_middle(**changes: Any) -> None:
        inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
        body = epipe(middle.name, steps=[inner], **changes)
        harness.cluster.apply_as("kubectl", body, force=True)
        await harness.settled(keys)

    def revisions() -> dict[str, str]:
        stable = {key: harness.status_of(key).stable for key in (PIPELINE, middle, outer)}
        return {key.name: revision.revision for key, revision in stable.items() if revision}

    whole = step("whole", modelRef={"name": middle.name, "kind": middle.kind})
    harness.cluster.apply_as("kubectl", epipe(outer.name, steps=[whole]), force=True)
    await pods_of_middle()
    before = revisions()
    more = {"requests": {"cpu": "2"}}
    harness.user_applies_pipeline(resources=more)
    await harness.settled(keys)
    await pods_of_middle(resources=more)

    moved = {name for name, revision in revisions().items() if revision != before[name]}
    assert moved == {PIPELINE.name, middle.name}
