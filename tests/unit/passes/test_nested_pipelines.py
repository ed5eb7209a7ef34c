"""Pipelines of pipelines: all models within are pinned, and no pipeline is part of itself."""

from typing import Any

from inference_operator.api.status import EnsemblePipelineStatus
from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, PIPELINE, epipe, source, step
from tests.unit.passes.desk import Desk


async def test_a_pipeline_of_a_pipeline_pins_all_of_its_models() -> None:
    desk = Desk()
    await desk.serving(1)
    outer = UnitKey(PIPELINE.kind, PIPELINE.namespace, "fx-outer")
    inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
    desk.cluster.apply_as("kubectl", epipe(outer.name, steps=[inner]), force=True)
    await desk.settled((KEY, PIPELINE, outer))

    status = desk.status_of(outer)
    assert isinstance(status, EnsemblePipelineStatus)
    assert status.stable is not None
    plan = desk.cluster.live("ConfigMap", f"fx-outer-{status.stable.revision}")
    assert plan is not None
    assert set(plan["data"]) == {
        "plan.json",
        "fx-drift.config.pbtxt",
        "fx-signal.config.pbtxt",
        "fx-outer.config.pbtxt",
    }
    assert status.steps[0].model_ref == "EnsemblePipeline/fx-signal"

    await desk.serving(2)
    await desk.settled((KEY, PIPELINE, outer))
    after = desk.status_of(outer)
    assert after.stable is not None
    assert after.stable.revision != status.stable.revision, "a change two levels down"


async def test_a_model_and_a_pipeline_of_it_are_taken_together() -> None:
    desk = Desk()
    await desk.serving(1)
    outer = UnitKey(PIPELINE.kind, PIPELINE.namespace, "fx-outer")
    inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
    direct = step("direct", outputMap={"y": "z"})
    outputs = [{"name": name, "dataType": "FP32", "shape": [1]} for name in ("y", "z")]
    desk.cluster.apply_as(
        "kubectl", epipe(outer.name, steps=[inner, direct], outputs=outputs), force=True
    )
    keys = (KEY, PIPELINE, outer)
    await desk.settled(keys)
    before = desk.status_of(outer).stable
    assert before is not None

    desk.user_applies(model=source(2))
    await desk.settle(keys=(KEY, outer))
    assert desk.status_of(outer).stable == before, "the inner one is behind"
    await desk.settled(keys)

    plans = desk.cluster.all("ConfigMap")
    after = desk.status_of(outer).stable
    assert after is not None
    assert after.revision != before.revision
    (plan,) = (p for p in plans if p["metadata"]["name"] == f"fx-outer-{after.revision}")
    assert "fx/1/" not in plan["data"]["plan.json"]


async def test_a_pipeline_is_no_step_of_itself() -> None:
    desk = Desk()
    itself = step(modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})

    desk.user_applies_pipeline(steps=[itself])
    await desk.settled((PIPELINE,))

    assert desk.condition("SpecValid") == (
        "False",
        "InvalidSpec",
        "spec.steps[drift].modelRef: found the pipeline itself, expected another resource; remove"
        " the step",
    )


async def test_a_step_that_refers_to_the_pipeline_hides_nothing_else() -> None:
    desk = Desk()
    old = await desk.serving(1)
    desk.remove_model()
    itself = step("itself", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})

    misspelt = step(inputMap={"x": "misspelt"}, outputMap={"y": "z"})
    desk.user_applies_pipeline(steps=[itself, misspelt])
    await desk.settled((PIPELINE,))

    assert desk.sets == {old: 1}
    message = desk.condition("SpecValid")[2]
    assert message.startswith("spec.steps[itself].modelRef: found the pipeline itself")
    assert 'spec.steps[drift].inputMap[x]: found tensor "misspelt"' in message
    assert desk.condition("ResolvedRefs")[:2] == ("False", "ReferenceNotFound")


async def test_moving_an_inner_pipelines_pods_makes_no_new_outer_set() -> None:
    desk = Desk()
    await desk.serving(1)
    outer = UnitKey(PIPELINE.kind, PIPELINE.namespace, "fx-outer")
    inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
    desk.cluster.apply_as("kubectl", epipe(outer.name, steps=[inner]), force=True)
    keys = (KEY, PIPELINE, outer)
    await desk.settled(keys)
    before = desk.status_of(outer).stable

    desk.user_applies_pipeline(resources={"requests": {"cpu": "2"}})
    await desk.settled(keys)

    assert desk.of_pipeline.model is not None
    assert desk.of_pipeline.model.version == "2"
    assert desk.status_of(outer).stable == before


async def test_moved_pods_of_the_pipelines_within_make_no_new_set() -> None:
    desk = Desk()
    await desk.serving(1)
    middle, outer = (UnitKey(PIPELINE.kind, PIPELINE.namespace, n) for n in ("middle", "outer"))
    keys = (KEY, PIPELINE, middle, outer)

    async def pods_of_middle(**changes: Any) -> None:
        inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
        body = epipe(middle.name, steps=[inner], **changes)
        desk.cluster.apply_as("kubectl", body, force=True)
        await desk.settled(keys)

    def revisions() -> dict[str, str]:
        stable = {key: desk.status_of(key).stable for key in (PIPELINE, middle, outer)}
        return {key.name: revision.revision for key, revision in stable.items() if revision}

    whole = step("whole", modelRef={"name": middle.name, "kind": middle.kind})
    desk.cluster.apply_as("kubectl", epipe(outer.name, steps=[whole]), force=True)
    await pods_of_middle()
    before = revisions()
    more = {"requests": {"cpu": "2"}}
    desk.user_applies_pipeline(resources=more)
    await desk.settled(keys)
    await pods_of_middle(resources=more)

    moved = {name for name, revision in revisions().items() if revision != before[name]}
    assert moved == {PIPELINE.name, middle.name}
