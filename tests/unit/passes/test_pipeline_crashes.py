"""A pipeline ends with the same set, even if the operator crashes at any of its writes."""

from datetime import timedelta

import pytest

from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import PIPELINE, source
from tests.fakes.cluster import CrashedError
from tests.fakes.harness import crash_at
from tests.unit.passes.pipeline_harness import BOTH, PipelineHarness


def ending(desk: PipelineHarness) -> object:
    """What a story ends with, without what differs from run to run."""
    status = desk.of_pipeline
    return (
        desk.sets,
        sorted(m["metadata"]["name"] for m in desk.cluster.all("ConfigMap")),
        desk.condition("Ready"),
        desk.condition("ResolvedRefs"),
        status.stable,
        status.steps,
        [(d.reason, d.source, d.target) for d in status.decisions],
    )


async def story(desk: PipelineHarness) -> None:
    """Deployed together, a new version of the model, and the model deleted."""
    await desk.serving(1)
    desk.user_applies(model=source(2))
    await desk.settled()
    desk.now += timedelta(seconds=31)
    await desk.settled()
    desk.remove_model()
    await desk.settled((PIPELINE,))


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 42))
async def test_a_crash_at_any_write_ends_with_the_same_set(number: int, answered: bool) -> None:
    undisturbed = PipelineHarness()
    await story(undisturbed)

    desk = PipelineHarness()
    setattr(desk.cluster, "after" if answered else "before", crash_at(number))
    crashed = 0
    settle = desk.settled

    async def mended(keys: tuple[UnitKey, ...] = BOTH) -> None:
        nonlocal crashed
        try:
            await settle(keys)
        except CrashedError:
            crashed += 1
            desk.cluster.before = desk.cluster.after = None
            desk.start()
            await settle(keys)

    desk.settled = mended  # type: ignore[method-assign]
    await story(desk)

    assert crashed == (1 if number <= len(undisturbed.cluster.writes) else 0)
    assert ending(desk) == ending(undisturbed)


async def test_the_story_has_as_many_writes_as_crashes_are_tried() -> None:
    desk = PipelineHarness()
    await story(desk)

    assert len(desk.cluster.writes) == 40
