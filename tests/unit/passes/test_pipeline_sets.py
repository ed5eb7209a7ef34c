"""Edits of a pipeline or of its model that make a new set, and edits that leave the old one."""

from datetime import timedelta
from typing import Any

from tests.fakes.bodies import PIPELINE, source, step
from tests.unit.passes.pipeline_harness import BOTH, PipelineHarness


async def test_an_edit_of_the_model_that_only_moves_its_pods_makes_no_new_set() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)
    before = harness.status.stable

    harness.user_applies(model=source(1), resources={"requests": {"cpu": "2"}})
    await harness.settled()

    assert harness.status.stable != before
    assert harness.sets == {old: 1}


async def test_going_back_in_the_model_goes_back_to_the_same_set() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)
    rendered = harness.cluster.live("Deployment", f"{PIPELINE.name}-{old}")
    await harness.serving(2)
    harness.now += timedelta(seconds=31)
    await harness.settled()
    assert old not in harness.sets

    assert await harness.serving(1) == old
    restored = harness.cluster.live("Deployment", f"{PIPELINE.name}-{old}")
    assert rendered is not None
    assert restored is not None
    assert restored["spec"] == rendered["spec"]
    assert harness.of_pipeline.model is not None
    assert harness.of_pipeline.model.version == "1"


async def test_other_weights_make_a_new_set() -> None:
    harness = PipelineHarness()

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
    harness.user_applies_pipeline(steps=[average(3)], inputs=inputs, maxBatchSize=4)
    await harness.settled((PIPELINE,))
    assert harness.condition("Ready")[0] == "True", harness.of_pipeline
    (old,) = harness.sets

    harness.user_applies_pipeline(steps=[average(4)], inputs=inputs, maxBatchSize=4)
    await harness.settled((PIPELINE,))

    assert len(harness.sets) == 2
    assert harness.of_pipeline.stable is not None
    assert harness.of_pipeline.stable.revision != old
    assert harness.of_pipeline.step_versions == "average", "a built-in has no version of its own"


async def test_scaling_a_model_writes_nothing_of_its_pipelines() -> None:
    harness = PipelineHarness()
    await harness.serving(1)
    harness.cluster.requests.clear()

    harness.user_applies(model=source(1), replicas=3)
    await harness.settled()

    assert [r for r in harness.cluster.writes if r.kind == PIPELINE.kind] == []


async def test_a_model_that_asks_its_registry_writes_nothing_of_its_pipelines() -> None:
    harness = PipelineHarness()
    await harness.serving(1)
    harness.cluster.requests.clear()

    harness.user_applies(model={"source": {"uri": "models:/fx_drift@champion"}})
    await harness.settled()

    assert harness.ready[1] == "Resolving"
    assert [r for r in harness.cluster.writes if r.kind == PIPELINE.kind] == []


async def test_an_unchanged_pipeline_makes_no_request() -> None:
    harness = PipelineHarness()
    await harness.serving(1)
    done = len(harness.cluster.writes)

    for _ in range(3):
        harness.watch()
        for key in BOTH:
            await harness.passes(key)

    assert len(harness.cluster.writes) == done
