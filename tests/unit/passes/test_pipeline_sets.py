"""Edits of a pipeline or of its model that make a new set, and edits that leave the old one."""

from datetime import timedelta
from typing import Any

from tests.fakes.bodies import PIPELINE, source, step
from tests.unit.passes.pipeline_harness import BOTH, PipelineHarness


async def test_an_edit_of_the_model_that_only_moves_its_pods_makes_no_new_set() -> None:
    desk = PipelineHarness()
    old = await desk.serving(1)
    before = desk.status.stable

    desk.user_applies(model=source(1), resources={"requests": {"cpu": "2"}})
    await desk.settled()

    assert desk.status.stable != before
    assert desk.sets == {old: 1}


async def test_going_back_in_the_model_goes_back_to_the_same_set() -> None:
    desk = PipelineHarness()
    old = await desk.serving(1)
    rendered = desk.cluster.live("Deployment", f"{PIPELINE.name}-{old}")
    await desk.serving(2)
    desk.now += timedelta(seconds=31)
    await desk.settled()
    assert old not in desk.sets

    assert await desk.serving(1) == old
    restored = desk.cluster.live("Deployment", f"{PIPELINE.name}-{old}")
    assert rendered is not None
    assert restored is not None
    assert restored["spec"] == rendered["spec"]
    assert desk.of_pipeline.model is not None
    assert desk.of_pipeline.model.version == "1"


async def test_other_weights_make_a_new_set() -> None:
    desk = PipelineHarness()

    def average(price: int) -> dict[str, Any]:
        return step(
            "average",
            modelRef=None,
            builtin={"weightedAverage": {"weights": {"price": price, "sentiment": 1}}},
            inputMap={n: n for n in ("price", "interval", "score", "confidence")},
            outputMap={"forecast": "y"},
        )

    inputs = [
        {"name": name, "dataType": "FP32", "shape": [2 if name == "interval" else 1]}
        for name in ("price", "interval", "score", "confidence")
    ]
    desk.user_applies_pipeline(steps=[average(3)], inputs=inputs, maxBatchSize=4)
    await desk.settled((PIPELINE,))
    assert desk.condition("Ready")[0] == "True", desk.of_pipeline
    (old,) = desk.sets

    desk.user_applies_pipeline(steps=[average(4)], inputs=inputs, maxBatchSize=4)
    await desk.settled((PIPELINE,))

    assert len(desk.sets) == 2
    assert desk.of_pipeline.stable is not None
    assert desk.of_pipeline.stable.revision != old
    assert desk.of_pipeline.step_versions == "average", "a built-in has no version of its own"


async def test_scaling_a_model_writes_nothing_of_its_pipelines() -> None:
    desk = PipelineHarness()
    await desk.serving(1)
    desk.cluster.requests.clear()

    desk.user_applies(model=source(1), replicas=3)
    await desk.settled()

    assert [r for r in desk.cluster.writes if r.kind == PIPELINE.kind] == []


async def test_a_model_that_asks_its_registry_writes_nothing_of_its_pipelines() -> None:
    desk = PipelineHarness()
    await desk.serving(1)
    desk.cluster.requests.clear()

    desk.user_applies(model={"source": {"uri": "models:/fx_drift@champion"}})
    await desk.settled()

    assert desk.ready[1] == "Resolving"
    assert [r for r in desk.cluster.writes if r.kind == PIPELINE.kind] == []


async def test_an_unchanged_pipeline_makes_no_request() -> None:
    desk = PipelineHarness()
    await desk.serving(1)
    done = len(desk.cluster.writes)

    for _ in range(3):
        desk.watch()
        for key in BOTH:
            await desk.passes(key)

    assert len(desk.cluster.writes) == done
