"""Changes of a model's status that wake its pipeline, and changes that do not."""

from dataclasses import fields
from typing import Any

import pytest

from inference_operator.observation.reference_index import DependencyView, dependency_view
from tests.fakes.bodies import PIPELINE, epipe, imodel, step
from tests.unit.observation.references_harness import SERVING, ReferencesHarness, ready


def model(**status: Any) -> dict[str, Any]:
    return {**imodel(), "status": status}


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
    "a canary": {"canary": {"revision": "bbb"}},
    "a decision": {"decisions": [{"reason": "Promoted"}]},
    "another message": {"conditions": [ready("True", message="2 of 2")]},
    "another run": {"model": {"version": "1", "uri": URI, "runId": "0a1b"}},
    "another condition": {"conditions": [ready("True"), {"type": "Available", "status": "True"}]},
}


@pytest.mark.parametrize("name", NEWS)
def test_it_is_told_of(name: str) -> None:
    scene = ReferencesHarness()
    scene.put(model(**SERVING))
    scene.woken.clear()
    scene.put(model(**{**SERVING, **NEWS[name]}))

    assert scene.woken == [PIPELINE]


@pytest.mark.parametrize("name", NO_NEWS)
def test_it_is_not_told_of(name: str) -> None:
    scene = ReferencesHarness()
    scene.put(model(**SERVING))
    scene.woken.clear()
    scene.put(model(**{**SERVING, **NO_NEWS[name]}))

    assert scene.woken == []


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


def with_edit(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The body with something else at a path of names."""
    name, _, rest = path.partition(".")
    return {**body, name: with_edit(body[name], rest, value) if rest else value}


@pytest.mark.parametrize("field", [field.name for field in fields(DependencyView)])
def test_whatever_is_shown_wakes_who_is_shown_it(field: str) -> None:
    inner = {**epipe("inner"), "status": SERVING}
    scene = ReferencesHarness(steps=[step(modelRef={"kind": inner["kind"], "name": "inner"})])
    edited = with_edit(inner, *EDITS[field])
    scene.put(inner, uid="inner")
    scene.woken.clear()
    scene.put(edited, **{"uid": "inner", **edited["metadata"]})

    assert scene.woken == [PIPELINE]


@pytest.mark.parametrize("field", [field.name for field in fields(DependencyView)])
def test_an_edit_of_what_is_shown_changes_that_alone(field: str) -> None:
    """So that each is compared, not another one beside it."""
    inner = {**epipe("inner"), "status": SERVING}
    before, after = dependency_view(inner), dependency_view(with_edit(inner, *EDITS[field]))

    differing = [
        f.name for f in fields(DependencyView) if getattr(before, f.name) != getattr(after, f.name)
    ]
    assert differing == [field]


@pytest.mark.parametrize("status", [None, "Ready", [], {"conditions": "x", "stable": "aaa"}])
def test_a_status_may_be_anything(status: Any) -> None:
    scene = ReferencesHarness()
    scene.put({**imodel(), "status": status})

    assert scene.woken == [PIPELINE]
