"""Pipelines whose pins, or whose models' records, an attacker wrote."""

from tests.unit.passes.forging import NEWER, elsewhere, forge, spoiled, workloads
from tests.unit.passes.pipeline_harness import PipelineHarness


async def test_a_pipeline_goes_on_with_its_pin_of_a_rejected_record() -> None:
    desk = PipelineHarness()
    revision = await desk.serving()
    before = workloads(desk)
    spoiled(desk, desk.served, elsewhere)
    desk.start(NEWER)
    await desk.settled()

    assert workloads(desk) == before
    assert desk.of_pipeline.stable is not None
    assert desk.of_pipeline.stable.revision == revision


async def test_a_forged_pin_is_never_rendered() -> None:
    desk = PipelineHarness()
    revision = await desk.serving()
    name = f"fx-signal-{revision}"
    body = desk.cluster.live("ControllerRevision", name)
    assert body is not None
    before = workloads(desk)
    body["data"]["steps"][0]["pin"]["repository"] = {"plan.json": "[" * 99_999}
    forge(desk, body)
    await desk.settled()

    assert workloads(desk) == before
    assert "RecordRejected" in desk.event_reasons
    again = desk.cluster.live("ControllerRevision", name)
    assert again is not None
    assert len(again["data"]["steps"][0]["pin"]["repository"]) == 2
