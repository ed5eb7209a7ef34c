"""Pipelines that refer to each other in a cycle report it, and go on once the cycle is broken."""

import pytest

from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, NAMESPACE, PIPELINE, epipe, imodel, source, step
from tests.unit.passes.sleeper import Pick, Sleeper, next_of

RINGS = [("one", "two"), ("one", "two", "three"), ("one", "two", "three", "four", "five")]
REMEDY = "change the modelRef of one of these pipelines"


class Ring(Sleeper):
    """An operator that makes passes only over who was woken, and pipelines by their names."""

    def __init__(self, pick: Pick = next_of) -> None:
        super().__init__(pick)
        self.applied(imodel())

    def refers(self, name: str, *others: str) -> None:
        """A pipeline of other ones; of the model, where none are named."""
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
        """Of Ready."""
        return {self.ready_of(unit(name)) for name in names}

    def stable(self, name: str) -> str:
        stable = self.status_of(unit(name)).stable
        return stable.revision if stable else ""


def unit(name: str) -> UnitKey:
    return UnitKey(PIPELINE.kind, NAMESPACE, name)


async def test_two_pipelines_that_refer_to_each_other_say_so() -> None:
    desk = Ring()
    desk.ring(("one", "two"))
    assert await desk.rest() < 20

    for name, other in (("one", "two"), ("two", "one")):
        message = (
            f"spec.steps[s0].modelRef: EnsemblePipeline {other} refers back to this pipeline"
            f" ({name} -> {other} -> {name}); {REMEDY}"
        )
        assert desk.condition(name, "ResolvedRefs") == ("False", "ReferenceCycle", message)
        assert desk.condition(name, "Ready") == ("False", "ReferenceCycle", message)
        assert desk.condition(name, "Stalled") == ("True", "ReferenceCycle", message)
        assert desk.condition(name, "Reconciling") == ("", "", ""), "waiting does not help"
        assert desk.status_of(unit(name)).phase == "Failed"
    assert desk.event_reasons.count("ReferenceCycle") == 2
    assert len(desk.cluster.all("Deployment")) == 1, "the model's"


async def test_a_pipeline_that_leads_to_a_ring_is_not_of_it() -> None:
    desk = Ring()
    desk.refers("outside", "one")
    desk.ring(("one", "two"))
    await desk.rest()

    status, reason, message = desk.condition("outside", "ResolvedRefs")
    assert (status, reason) == ("False", "ReferenceNotReady")
    assert "EnsemblePipeline one has not been Ready yet (ReferenceCycle)" in message
    assert desk.condition("outside", "Stalled")[0] == ""


@pytest.mark.parametrize("names", RINGS, ids=len)
@pytest.mark.parametrize("last_first", [False, True], ids=["first woken", "last woken"])
async def test_whoever_of_a_ring_is_edited_all_recover(
    names: tuple[str, ...], last_first: bool
) -> None:
    for broken in names:
        desk = Ring(lambda keys: keys[-1 if last_first else 0])
        desk.ring(names)
        await desk.rest()
        assert desk.reasons(*names) == {"ReferenceCycle"}

        desk.refers(broken)
        await desk.rest()
        assert desk.reasons(*names) == {"Ready"}


async def test_the_end_of_one_breaks_a_ring() -> None:
    desk = Ring()
    desk.ring(("one", "two", "three"))
    await desk.rest()
    desk.cluster.remove(PIPELINE.kind, "two")
    await desk.rest()
    assert desk.reasons("one") == {"ReferenceNotFound"}
    assert desk.reasons("three") == {"ReferenceNotReady"}

    desk.refers("two")
    await desk.rest()
    assert desk.reasons("one", "two", "three") == {"Ready"}


@pytest.mark.parametrize("last_first", [False, True], ids=["first woken", "last woken"])
async def test_a_ring_that_closes_later_stops_nobody_who_serves(last_first: bool) -> None:
    desk = Ring(lambda keys: keys[-1 if last_first else 0])
    desk.refers("inner")
    desk.refers("middle", "inner")
    desk.refers("outer", "middle")
    names = ("outer", "middle", "inner")
    await desk.rest()
    served = {name: desk.stable(name) for name in names}
    deployments = desk.cluster.all("Deployment")

    desk.refers("inner", "outer")
    assert await desk.rest() < 20
    assert {name: desk.stable(name) for name in names} == served
    assert desk.cluster.all("Deployment") == deployments
    for name in names:
        assert desk.condition(name, "ResolvedRefs")[1] == "ReferenceCycle"
        assert desk.condition(name, "Available")[0] == "True"
    assert desk.reasons("outer", "middle") == {"Ready"}
    assert desk.condition("middle", "ResolvedRefs")[2] == (
        "spec.steps[s0].modelRef: EnsemblePipeline inner refers back to this pipeline (middle ->"
        f" inner -> outer -> middle); version 1 (revision {served['inner']}) stays pinned; {REMEDY}"
    )
    assert desk.condition("inner", "Ready")[1] == "ReferenceCycle"
    assert desk.condition("inner", "Ready")[2].endswith(
        f"{REMEDY} (revision {served['inner']} goes on serving on 1 replica)"
    )
    assert desk.event_reasons.count("ReferenceCycle") == 3


async def test_a_ring_pins_what_it_has_and_nothing_newer() -> None:
    desk = Ring()
    desk.refers("inner")
    desk.refers("outer", "inner")
    await desk.rest()
    served = desk.stable("outer"), desk.stable("inner")
    desk.refers("inner", "outer")
    await desk.rest()

    desk.applied(imodel(model=source(2)))
    await desk.rest()
    assert (desk.stable("outer"), desk.stable("inner")) == served
    desk.applied(epipe("outer", steps=[step(modelRef={"kind": PIPELINE.kind, "name": "inner"})]))
    await desk.rest()
    assert desk.stable("outer") != served[0], "an edit of its own goes on"
    assert desk.reasons("outer") == {"Ready"}


@pytest.mark.parametrize("broken", ["outer", "middle", "inner"])
async def test_a_ring_of_those_who_serve_is_broken_by_any_of_them(broken: str) -> None:
    desk = Ring()
    desk.refers("inner")
    desk.refers("middle", "inner")
    desk.refers("outer", "middle")
    await desk.rest()
    desk.refers("inner", "outer")
    await desk.rest()

    desk.refers(broken)
    await desk.rest()
    for name in ("outer", "middle", "inner"):
        assert desk.condition(name, "ResolvedRefs")[:2] == ("True", "Resolved"), name


async def test_a_ring_is_no_matter_of_another_namespace() -> None:
    desk = Ring()
    desk.refers("one", "two")
    back = {"kind": PIPELINE.kind, "name": "one"}
    desk.applied(epipe("two", namespace="elsewhere", steps=[step(modelRef=back)]))
    await desk.rest()

    assert desk.reasons("one") == {"ReferenceNotFound"}
    assert desk.ready_of(KEY) == "Ready"
