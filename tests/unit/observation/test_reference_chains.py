"""Pipelines that refer to each other over several steps."""

from collections.abc import Set
from typing import Any

import pytest

from inference_operator.cli.offline_answers import no_registry
from inference_operator.domain.names import UnitKey
from inference_operator.observation.observe import observe
from inference_operator.observation.reference_index import MOST_LOOKED_AT
from tests.fakes.bodies import NAMESPACE, PIPELINE, epipe, step
from tests.unit.observation.references_harness import ReferencesHarness


def refers(name: str, *others: str) -> dict[str, Any]:
    """A pipeline with a step for each pipeline that it refers to."""
    named = [{"kind": PIPELINE.kind, "name": other} for other in others]
    return epipe(name, steps=[step(f"s-{ref['name']}", modelRef=ref) for ref in named])


def pipeline(name: str) -> UnitKey:
    return UnitKey(PIPELINE.kind, NAMESPACE, name)


def test_all_that_lead_to_a_pipeline_are_told_that_it_refers_to_another_one() -> None:
    scene = ReferencesHarness(name="outer", steps=refers("", "middle")["spec"]["steps"])
    scene.put(refers("middle", "inner"), uid="middle")
    scene.put(refers("inner"), uid="inner")
    scene.woken.clear()
    scene.put(refers("inner", "outer"), uid="inner")

    assert scene.woken == [pipeline("middle"), pipeline("outer")]


def test_an_edit_that_refers_to_the_same_tells_nobody() -> None:
    scene = ReferencesHarness(name="outer", steps=refers("", "middle")["spec"]["steps"])
    scene.put(refers("middle", "inner"), uid="middle")
    scene.woken.clear()
    edited = refers("middle", "inner")
    edited["spec"]["replicas"] = 3
    scene.put(edited, uid="middle")

    assert scene.woken == []


def test_all_that_lead_to_a_pipeline_are_told_of_its_end() -> None:
    scene = ReferencesHarness(name="outer", steps=refers("", "middle")["spec"]["steps"])
    scene.put(refers("middle", "inner"), uid="middle")
    scene.put(refers("inner", "outer"), uid="inner")
    scene.woken.clear()
    scene.drop(refers("inner", "outer"), uid="inner")

    assert scene.woken == [pipeline("middle"), pipeline("outer")]


WAYS: dict[str, tuple[dict[str, list[str]], list[str]]] = {
    "to itself": ({"one": ["one"]}, ["one"]),
    "one step": ({"one": ["end"]}, ["one", "end"]),
    "the shortest of two": (
        {"one": ["a", "b"], "a": ["c"], "c": ["end"], "b": ["end"]},
        ["one", "b", "end"],
    ),
    "past a cycle that does not lead there": (
        {"one": ["a", "z"], "a": ["b"], "b": ["a"], "z": ["end"]},
        ["one", "z", "end"],
    ),
    "round and round": ({"one": ["two"], "two": ["one"]}, []),
    "the other way": ({"end": ["one"]}, []),
    "over one that does not exist": ({"one": ["nowhere"]}, []),
}


@pytest.mark.parametrize(("edges", "way"), WAYS.values(), ids=WAYS)
def test_references_lead(edges: dict[str, list[str]], way: list[str]) -> None:
    scene = ReferencesHarness(name="elsewhere")
    for name, others in ({"end": ["one"]} | edges).items():
        scene.put(refers(name, *others), uid=name)
    end = pipeline(way[-1] if way else "end")

    paths = scene.store.paths_back(end)
    assert paths is not None
    assert [unit.name for unit in paths.get(pipeline("one"), ())] == way


class Counted(frozenset[UnitKey]):
    """What a pipeline names; it counts how many references were looked at."""

    looked_at = 0

    def __sub__(self, other: Set[Any]) -> frozenset[UnitKey]:
        Counted.looked_at += len(self)
        return super().__sub__(other)


def many(count: int, each: int = 20) -> ReferencesHarness:
    """Pipelines of which each refers to those right before it."""
    scene = ReferencesHarness(name="elsewhere")
    for number in range(count):
        before = range(max(0, number - each), number)
        scene.put(refers(f"p{number}", *(f"p{other}" for other in before)), uid=f"p{number}")
    named = scene.store._references._named
    named.update({unit: Counted(others) for unit, others in named.items()})
    Counted.looked_at = 0
    scene.woken.clear()
    return scene


def test_one_search_does_for_all_that_a_pipeline_refers_to() -> None:
    scene = many(100)
    assert observe(scene.store, pipeline("p99"), no_registry(False)) is not None

    assert 0 < Counted.looked_at <= 100 * 20


def test_a_pipeline_that_leads_to_too_many_others_is_told_so() -> None:
    scene = many(400)
    for name in ("p399", "p200"):
        seen = observe(scene.store, pipeline(name), no_registry(False))
        assert seen is not None
        assert {there.unresolved is not None for there in seen.inputs.references.values()} == {True}
    assert Counted.looked_at <= 2 * MOST_LOOKED_AT
    seen = observe(scene.store, pipeline("p30"), no_registry(False))
    assert seen is not None
    assert {there.unresolved for there in seen.inputs.references.values()} == {None}


def test_an_edit_of_the_lowest_of_many_wakes_the_nearest() -> None:
    scene = many(1000)
    scene.put(refers("p0", "another"), uid="p0")

    assert {pipeline(f"p{n}") for n in range(1, 21)} <= set(scene.woken)
    assert len(scene.woken) <= MOST_LOOKED_AT // 20 + 40


def test_all_of_a_ring_are_told_however_many_others_lead_to_it() -> None:
    scene = ReferencesHarness(name="elsewhere")
    for number in range(MOST_LOOKED_AT + 10):
        scene.put(refers(f"a{number}", "ring0"), uid=f"a{number}")
    for number in range(5):
        scene.put(refers(f"ring{number}", f"ring{number + 1}"), uid=f"ring{number}")
    scene.woken.clear()
    scene.put(refers("ring4", "ring0"), uid="ring4")

    assert {pipeline(f"ring{n}") for n in range(4)} <= set(scene.woken)
