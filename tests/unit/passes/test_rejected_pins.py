"""Pipelines whose pins, or whose models' records, an attacker wrote."""

from tests.unit.passes.forging import NEWER, elsewhere, forge, spoiled, workloads
from tests.unit.passes.pipeline_harness import PipelineHarness


async def test_a_pipeline_goes_on_with_its_pin_of_a_rejected_record() -> None:
    harness = PipelineHarness()
    revision = await harness.serving()
    before = workloads(harness)
    spoiled(harness, harness.served, elsewhere)
    harness.start(NEWER)
    await harness.settled()

    assert workloads(harness) == before
    assert harness.of_pipeline.stable is not None
    assert harness.of_pipeline.stable.revision == revision


async def test_a_forged_pin_is_never_rendered() -> None:
    harness = PipelineHarness()
    revision = await harness.serving()
    name = f"fx-signal-{revision}"
    body = harness.cluster.live("ControllerRevision", name)
    assert body is not None
    before = workloads(harness)
    body["data"]["steps"][0]["pin"]["repository"] = {"plan.json": "[" * 99_999}
    forge(harness, body)
    await harness.settled()

    assert workloads(harness) == before
    assert "RecordRejected" in harness.event_reasons
    again = harness.cluster.live("ControllerRevision", name)
    assert again is not None
    assert len(again["data"]["steps"][0]["pin"]["repository"]) == 2
