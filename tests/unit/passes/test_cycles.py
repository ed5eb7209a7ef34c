"""Pipelines that refer to each other in a cycle report it, and go on once the cycle is broken."""

import pytest

from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, NAMESPACE, PIPELINE, epipe, imodel, source, step
from tests.unit.passes.wake_driven_harness import Pick, WakeDrivenHarness, next_of

RINGS = [("one", "two"), ("one", "two", "three"), ("one", "two", "three", "four", "five")]
REMEDY = "change the modelRef of one of these pipelines"


class Ring(WakeDrivenHarness):
    """A wake-driven harness that names pipelines by short names."""

    def __init__(self, pick: Pick = next_of) -> None:
        super().__init__(pick)
        self.applied(imodel())

    def refers(self, name: str, *others: str) -> None:
        """Write a pipeline that refers to the others, or to the model if none are named."""
        named = [{"kind": PIPELINE.kind, "name": other} for other in others]
        steps = [step(f"s{i}", modelRef=ref) for i, ref in enumerate(named)]
        self.applied(epipe(name, steps=steps or [step("s")]))

    def ring(self, names: tuple[str, ...]) -> None:
        for name, other in zip(names, (*names[1:], names[0]), strict=True):
            self.refers(name, other)

    def condition(self, name: str, kind: str) -> tuple[str, str, str]:
        condition = next((c for c in self.status_of(unit(name)).conditions if c.type == kind), None)
        return (
            (condition.status.value, condition.reason, condition.message)
            if condition
            else ("", "", "")
        )

    def reasons(self, *names: str) -> set[str]:
        """Return the reasons of Ready."""
        return {self.ready_of(unit(name)) for name in names}

    def stable(self, name: str) -> str:
        stable = self.status_of(unit(name)).stable
        return stable.revision if stable else ""


def unit(name: str) -> UnitKey:
    return UnitKey(PIPELINE.kind, NAMESPACE, name)


async def test_two_pipelines_that_refer_to_each_other_say_so() -> None:
    harness = Ring()
    harness.ring(("one", "two"))
    assert await harness.rest() < 20

    for name, other in (("one", "two"), ("two", "one")):
        message = (
            f"spec.steps[s0].modelRef: EnsemblePipeline {other} refers back to this pipeline"
            f" ({name} -> {other} -> {name}); {REMEDY}"
        )
        assert harness.condition(name, "ResolvedRefs") == ("False", "ReferenceCycle", message)
        assert harness.condition(name, "Ready") == ("False", "ReferenceCycle", message)
        assert harness.condition(name, "Stalled") == ("True", "ReferenceCycle", message)
        assert harness.condition(name, "Reconciling") == ("", "", ""), "waiting does not help"
        assert harness.status_of(unit(name)).phase == "Failed"
    assert harness.event_reasons.count("ReferenceCycle") == 2
    assert len(harness.cluster.all("Deployment")) == 1, "the model's"


async def test_a_pipeline_that_leads_to_a_ring_is_not_of_it() -> None:
    harness = Ring()
    harness.refers("outside", "one")
    harness.ring(("one", "two"))
    await harness.rest()

    status, reason, message = harness.condition("outside", "ResolvedRefs")
    assert (status, reason) == ("False", "ReferenceNotReady")
    assert "EnsemblePipeline one has not been Ready yet (ReferenceCycle)" in message
    assert harness.condition("outside", "Stalled")[0] == ""


@pytest.mark.parametrize("names", RINGS, ids=len)
@pytest.mark.parametrize("last_first", [False, True], ids=["first woken", "last woken"])
async def test_whoever_of_a_ring_is_edited_all_recover(
    names: tuple[str, ...], last_first: bool
) -> None:
    for broken in names:
        harness = Ring(lambda keys: keys[-1 if last_first else 0])
        harness.ring(names)
        await harness.rest()
        assert harness.reasons(*names) == {"ReferenceCycle"}

        harness.refers(broken)
        await harness.rest()
        assert harness.reasons(*names) == {"Ready"}


async def test_the_end_of_one_breaks_a_ring() -> None:
    harness = Ring()
    harness.ring(("one", "two", "three"))
    await harness.rest()
    harness.cluster.remove(PIPELINE.kind, "two")
    await harness.rest()
    assert harness.reasons("one") == {"ReferenceNotFound"}
    assert harness.reasons("three") == {"ReferenceNotReady"}

    harness.refers("two")
    await harness.rest()
    assert harness.reasons("one", "two", "three") == {"Ready"}


@pytest.mark.parametrize("last_first", [False, True], ids=["first woken", "last woken"])
async def test_a_ring_that_closes_later_stops_nobody_who_serves(last_first: bool) -> None:
    harness = Ring(lambda keys: keys[-1 if last_first else 0])
    harness.refers("inner")
    harness.refers("middle", "inner")
    harness.refers("outer", "middle")
    names = ("outer", "middle", "inner")
    await harness.rest()
    served = {name: harness.stable(name) for name in names}
    deployments = harness.cluster.all("Deployment")

    harness.refers("inner", "outer")
    assert await harness.rest() < 20
    assert {name: harness.stable(name) for name in names} == served
    assert harness.cluster.all("Deployment") == deployments
    for name in names:
        assert harness.condition(name, "ResolvedRefs")[1] == "ReferenceCycle"
        assert harness.condition(name, "Available")[0] == "True"
    assert harness.reasons("outer", "middle") == {"Ready"}
    assert harness.condition("middle", "ResolvedRefs")[2] == (
        "spec.steps[s0].modelRef: EnsemblePipeline inner refers back to this pipeline (middle ->"
        f" inner -> outer -> middle); version 1 (revision {served['inner']}) stays pinned; {REMEDY}"
    )
    assert harness.condition("inner", "Ready")[1] == "ReferenceCycle"
    assert harness.condition("inner", "Ready")[2].endswith(
        f"{REMEDY} (revision {served['inner']} continues to serve on 1 replica)"
    )
    assert harness.event_reasons.count("ReferenceCycle") == 3


async def test_a_ring_pins_what_it_has_and_nothing_newer() -> None:
    harness = Ring()
    harness.refers("inner")
    harness.refers("outer", "inner")
    await harness.rest()
    served = harness.stable("outer"), harness.stable("inner")
    harness.refers("inner", "outer")
    await harness.rest()

    harness.applied(imodel(model=source(2)))
    await harness.rest()
    assert (harness.stable("outer"), harness.stable("inner")) == served
    harness.applied(epipe("outer", steps=[step(modelRef={"kind": PIPELINE.kind, "name": "inner"})]))
    await harness.rest()
    assert harness.stable("outer") != served[0], "an edit of its own goes on"
    assert harness.reasons("outer") == {"Ready"}


@pytest.mark.parametrize("broken", ["outer", "middle", "inner"])
async def test_a_ring_of_those_who_serve_is_broken_by_any_of_them(broken: str) -> None:
    harness = Ring()
    harness.refers("inner")
    harness.refers("middle", "inner")
    harness.refers("outer", "middle")
    await harness.rest()
    harness.refers("inner", "outer")
    await harness.rest()

    harness.refers(broken)
    await harness.rest()
    for name in ("outer", "middle", "inner"):
        assert harness.condition(name, "ResolvedRefs")[:2] == ("True", "Resolved"), name


async def test_a_ring_is_no_matter_of_another_namespace() -> None:
    harness = Ring()
    harness.refers("one", "two")
    back = {"kind": PIPELINE.kind, "name": "one"}
    harness.applied(epipe("two", namespace="elsewhere", steps=[step(modelRef=back)]))
    await harness.rest()

    assert harness.reasons("one") == {"ReferenceNotFound"}
    assert harness.ready_of(KEY) == "Ready"
