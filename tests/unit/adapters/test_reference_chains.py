"""Pipelines that refer to each other over several steps."""

from typing import Any

import pytest

from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import NAMESPACE, PIPELINE, epipe, step
from tests.unit.adapters.referrer_scene import Scene


def refers(name: str, *others: str) -> dict[str, Any]:
    """A pipeline with a step for each pipeline that it refers to."""
    named = [{"kind": PIPELINE.kind, "name": other} for other in others]
    return epipe(name, steps=[step(f"s-{ref['name']}", modelRef=ref) for ref in named])


def pipeline(name: str) -> UnitKey:
    return UnitKey(PIPELINE.kind, NAMESPACE, name)


def test_all_that_lead_to_a_pipeline_are_told_that_it_refers_to_another_one() -> None:
    scene = Scene(name="outer", steps=refers("", "middle")["spec"]["steps"])
    scene.put(refers("middle", "inner"), uid="middle")
    scene.put(refers("inner"), uid="inner")
    scene.woken.clear()
    scene.put(refers("inner", "outer"), uid="inner")

    assert scene.woken == [pipeline("middle"), pipeline("outer")]


def test_an_edit_that_refers_to_the_same_tells_nobody() -> None:
    scene = Scene(name="outer", steps=refers("", "middle")["spec"]["steps"])
    scene.put(refers("middle", "inner"), uid="middle")
    scene.woken.clear()
    edited = refers("middle", "inner")
    edited["spec"]["replicas"] = 3
    scene.put(edited, uid="middle")

    assert scene.woken == []


def test_all_that_lead_to_a_pipeline_are_told_of_its_end() -> None:
    scene = Scene(name="outer", steps=refers("", "middle")["spec"]["steps"])
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
    scene = Scene(name="elsewhere")
    for name, others in edges.items():
        scene.put(refers(name, *others), uid=name)
    end = pipeline(way[-1] if way else "end")

    found = scene.cache.way(pipeline("one"), end)
    assert [unit.name for unit in found] == way
