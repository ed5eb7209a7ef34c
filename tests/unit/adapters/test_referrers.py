"""A pipeline is woken by what matters to it of the resources that its steps name."""

from dataclasses import fields
from typing import Any

import pytest

from inference_operator.adapters.cache import Cache
from inference_operator.adapters.referrers import Shown, references_in, shown
from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, NAMESPACE, PIPELINE, epipe, imodel, step, stored


class Scene:
    """A cache with a pipeline that refers to a model, and who was woken since."""

    def __init__(self, **pipeline: Any) -> None:
        self.woken: list[UnitKey] = []
        self.cache = Cache(self.woken.append)
        self._version = 0
        self.put(epipe(**pipeline))
        self.woken.clear()

    def put(self, body: dict[str, Any], **meta: Any) -> None:
        self.cache.put(body["kind"], self._next(body, **meta))

    def drop(self, body: dict[str, Any], **meta: Any) -> None:
        self.cache.drop(body["kind"], self._next(body, **meta))

    def _next(self, body: dict[str, Any], **meta: Any) -> dict[str, Any]:
        self._version += 1
        known = {"uid": body["kind"], "resourceVersion": str(self._version), **meta}
        return stored(body, **known)


def model(**status: Any) -> dict[str, Any]:
    return {**imodel(), "status": status}


def ready(status: str, reason: str = "Because", **more: Any) -> dict[str, Any]:
    return {"type": "Ready", "status": status, "reason": reason, **more}


SERVING: dict[str, Any] = {
    "stable": {"revision": "aaa", "version": "1", "ready": 2},
    "model": {"version": "1", "uri": "https://store.example/1"},
    "conditions": [ready("True")],
}
URI = SERVING["model"]["uri"]
NEWS: dict[str, dict[str, Any]] = {
    "another stable revision": {"stable": {"revision": "bbb", "version": "1", "ready": 2}},
    "none any more": {"stable": None},
    "another artifact": {"model": {"version": "2", "uri": "https://store.example/2"}},
    "its digest": {"model": {"version": "1", "uri": URI, "sha256": "ab" * 32}},
    "not Ready": {"conditions": [ready("False")]},
    "another reason": {"conditions": [ready("True", "Otherwise")]},
}
NO_NEWS: dict[str, dict[str, Any]] = {
    "fewer ready pods": {"stable": {"revision": "aaa", "version": "1", "ready": 1}},
    "a candidate": {"candidate": {"revision": "bbb"}},
    "a decision": {"decisions": [{"reason": "Promoted"}]},
    "another message": {"conditions": [ready("True", message="2 of 2")]},
    "another run": {"model": {"version": "1", "uri": URI, "runId": "0a1b"}},
    "another condition": {"conditions": [ready("True"), {"type": "Available", "status": "True"}]},
}


@pytest.mark.parametrize("name", NEWS)
def test_it_is_told_of(name: str) -> None:
    scene = Scene()
    scene.put(model(**SERVING))
    scene.woken.clear()
    scene.put(model(**{**SERVING, **NEWS[name]}))

    assert scene.woken == [PIPELINE]


@pytest.mark.parametrize("name", NO_NEWS)
def test_it_is_not_told_of(name: str) -> None:
    scene = Scene()
    scene.put(model(**SERVING))
    scene.woken.clear()
    scene.put(model(**{**SERVING, **NO_NEWS[name]}))

    assert scene.woken == []


def test_a_missing_model_that_comes_is_told() -> None:
    scene = Scene()
    scene.put(imodel())

    assert scene.woken == [PIPELINE]


def test_a_deleted_model_is_told() -> None:
    scene = Scene()
    scene.put(imodel())
    scene.drop(imodel())

    assert scene.woken == [PIPELINE, PIPELINE]


def test_a_model_that_waits_for_finalizers_is_told() -> None:
    scene = Scene()
    scene.put(imodel())
    scene.put(imodel(), deletionTimestamp="2031-01-01T00:00:00Z")

    assert scene.woken == [PIPELINE, PIPELINE]


def test_a_successor_of_the_same_name_is_told() -> None:
    scene = Scene()
    scene.put(imodel())
    scene.put(imodel(), uid="another")

    assert scene.woken == [PIPELINE, PIPELINE]


def test_a_record_that_appears_is_told() -> None:
    scene = Scene()
    owner = {"kind": KEY.kind, "name": KEY.name, "uid": "u", "controller": True}
    meta = {"name": "fx-drift-aaa", "namespace": NAMESPACE, "ownerReferences": [owner]}
    scene.put({"kind": "ControllerRevision", "metadata": meta})

    assert scene.woken == [PIPELINE]


def test_the_model_of_another_namespace_is_not_meant() -> None:
    scene = Scene()
    scene.put(imodel(namespace="desk-9"))

    assert scene.woken == []


def test_a_pipeline_may_refer_to_a_pipeline() -> None:
    scene = Scene(steps=[step(modelRef={"kind": "EnsemblePipeline", "name": "inner"})])
    scene.put(epipe("inner"), uid="inner")

    assert scene.woken == [PIPELINE]


def test_a_pipeline_that_names_itself_does_not_wake_itself() -> None:
    loop = step(modelRef={"kind": "EnsemblePipeline", "name": PIPELINE.name})
    scene = Scene(steps=[loop])
    scene.put({**epipe(steps=[loop]), "status": SERVING})

    assert scene.woken == []


def test_each_of_many_pipelines_is_told_once() -> None:
    scene = Scene(steps=[step("one"), step("two")])
    scene.put(epipe("another"), uid="another")
    scene.woken.clear()
    scene.put(imodel())

    assert scene.woken == [UnitKey(PIPELINE.kind, NAMESPACE, "another"), PIPELINE]


def test_a_step_that_refers_to_something_else_by_now_is_not_told() -> None:
    scene = Scene()
    scene.put(epipe(steps=[step(refers_to="other")]))
    scene.put(imodel())

    assert scene.woken == []
    assert scene.cache.referrers(UnitKey("InferenceModel", NAMESPACE, "other")) == [PIPELINE]


def test_a_deleted_pipeline_refers_to_nothing() -> None:
    scene = Scene()
    scene.drop(epipe())
    scene.put(imodel())

    assert scene.woken == []
    assert scene.cache.referrers(KEY) == []


def test_a_namesake_of_the_other_kind_that_goes_is_told() -> None:
    scene = Scene(name="fx", steps=[step(refers_to="elsewhere")])
    scene.put(imodel("fx"))
    scene.put({**imodel("fx"), "status": SERVING})
    scene.drop(imodel("fx"))

    assert scene.woken == [UnitKey(PIPELINE.kind, NAMESPACE, "fx")] * 2


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


@pytest.mark.parametrize(
    "spec",
    [
        None,
        "steps",
        {"steps": None},
        {"steps": {"modelRef": {"name": "a"}}},
        {"steps": [None, 7, "modelRef", {"modelRef": None}, {"modelRef": "a"}]},
        {"steps": [{"modelRef": {}}, {"modelRef": {"name": 7}}, {"modelRef": {"name": ["a"]}}]},
        {"steps": [{"modelRef": {"name": "a", "kind": "Pod"}}]},
        {"steps": [{"modelRef": {"name": "a", "kind": ["InferenceModel"]}}]},
        {"steps": [{"model": {}}, {"builtin": {}}]},
    ],
)
def test_what_is_no_reference_names_nobody(spec: Any) -> None:
    assert references_in(spec) == frozenset()


# Of everything that others may read of a unit, an edit.
EDITS: dict[str, tuple[str, object]] = {
    "uid": ("metadata.uid", "another"),
    "deleting": ("metadata.deletionTimestamp", "2031-01-01T00:00:00Z"),
    "references": ("spec.steps", [step(refers_to="another")]),
    "revision": ("status.stable.revision", "bbb"),
    "uri": ("status.model.uri", "https://store.example/2"),
    "sha256": ("status.model.sha256", "ab" * 32),
    "ready": ("status.conditions", [ready("False")]),
    "reason": ("status.conditions", [ready("True", "Otherwise")]),
}


@pytest.mark.parametrize("field", [field.name for field in fields(Shown)])
def test_whatever_is_shown_wakes_who_is_shown_it(field: str) -> None:
    inner = {**epipe("inner"), "status": SERVING}
    scene = Scene(steps=[step(modelRef={"kind": inner["kind"], "name": "inner"})])
    edited = with_edit(inner, *EDITS[field])
    scene.put(inner, uid="inner")
    scene.woken.clear()
    scene.put(edited, **{"uid": "inner", **edited["metadata"]})

    assert scene.woken == [PIPELINE]


@pytest.mark.parametrize("field", [field.name for field in fields(Shown)])
def test_an_edit_of_what_is_shown_changes_that_alone(field: str) -> None:
    """So that each is compared, not another one beside it."""
    inner = {**epipe("inner"), "status": SERVING}
    before, after = shown(inner), shown(with_edit(inner, *EDITS[field]))

    differing = [f.name for f in fields(Shown) if getattr(before, f.name) != getattr(after, f.name)]
    assert differing == [field]


def with_edit(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The body with something else at a path of names."""
    name, _, rest = path.partition(".")
    return {**body, name: with_edit(body[name], rest, value) if rest else value}


@pytest.mark.parametrize("status", [None, "Ready", [], {"conditions": "x", "stable": "aaa"}])
def test_a_status_may_be_anything(status: Any) -> None:
    scene = Scene()
    scene.put({**imodel(), "status": status})

    assert scene.woken == [PIPELINE]
