"""A pipeline ends with the same set, even if the operator crashes at any of its writes."""

from datetime import timedelta

import pytest

from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import PIPELINE, source
from tests.fakes.cluster import CrashedError
from tests.fakes.harness import crash_at
from tests.unit.passes.pipeline_harness import BOTH, PipelineHarness


def ending(harness: PipelineHarness) -> object:
    """Return the end of a story, without values that differ from run to run."""
    status = harness.of_pipeline
    return (
        harness.sets,
        sorted(m["metadata"]["name"] for m in harness.cluster.all("ConfigMap")),
        harness.condition("Ready"),
        harness.condition("ResolvedRefs"),
        status.stable,
        status.steps,
        [(d.reason, d.source, d.target) for d in status.decisions],
    )


async def story(harness: PipelineHarness) -> None:
    """Deploy both, then a new version of the model, then delete the model."""
    await harness.serving(1)
    harness.user_applies(model=source(2))
    await harness.settled()
    harness.now += timedelta(seconds=31)
    await harness.settled()
    harness.remove_model()
    await harness.settled((PIPELINE,))


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 42))
async def test_a_crash_at_any_write_ends_with_the_same_set(number: int, answered: bool) -> None:
    undisturbed = PipelineHarness()
    await story(undisturbed)

    harness = PipelineHarness()
    setattr(harness.cluster, "after" if answered else "before", crash_at(number))
    crashed = 0
    settle = harness.settled

    async def mended(keys: tuple[UnitKey, ...] = BOTH) -> None:
        nonlocal crashed
        try:
            await settle(keys)
        except CrashedError:
            crashed += 1
            harness.cluster.before = harness.cluster.after = None
            harness.start()
            await settle(keys)

    harness.settled = mended  # type: ignore[method-assign]
    await story(harness)

    assert crashed == (1 if number <= len(undisturbed.cluster.writes) else 0)
    assert ending(harness) == ending(undisturbed)


async def test_the_story_has_as_many_writes_as_crashes_are_tried() -> None:
    harness = PipelineHarness()
    await story(harness)

    assert len(harness.cluster.writes) == 40
