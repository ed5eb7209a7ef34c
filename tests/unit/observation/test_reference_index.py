"""A pipeline is woken when what its steps name comes, goes, or is replaced."""

from typing import Any

import pytest

from inference_operator.domain.names import UnitKey
from inference_operator.observation.reference_index import references_in
from tests.fakes.bodies import KEY, NAMESPACE, PIPELINE, epipe, imodel, step
from tests.unit.observation.references_harness import SERVING, ReferencesHarness


def test_a_missing_model_that_comes_is_told() -> None:
    scene = ReferencesHarness()
    scene.put(imodel())

    assert scene.woken == [PIPELINE]


def test_a_deleted_model_is_told() -> None:
    scene = ReferencesHarness()
    scene.put(imodel())
    scene.drop(imodel())

    assert scene.woken == [PIPELINE, PIPELINE]


def test_a_model_that_waits_for_finalizers_is_told() -> None:
    scene = ReferencesHarness()
    scene.put(imodel())
    scene.put(imodel(), deletionTimestamp="2031-01-01T00:00:00Z")

    assert scene.woken == [PIPELINE, PIPELINE]


def test_a_successor_of_the_same_name_is_told() -> None:
    scene = ReferencesHarness()
    scene.put(imodel())
    scene.put(imodel(), uid="another")

    assert scene.woken == [PIPELINE, PIPELINE]


def test_a_record_that_appears_is_told() -> None:
    scene = ReferencesHarness()
    owner = {"kind": KEY.kind, "name": KEY.name, "uid": "u", "controller": True}
    meta = {"name": "fx-drift-aaa", "namespace": NAMESPACE, "ownerReferences": [owner]}
    scene.put({"kind": "ControllerRevision", "metadata": meta})

    assert scene.woken == [PIPELINE]


def test_the_model_of_another_namespace_is_not_meant() -> None:
    scene = ReferencesHarness()
    scene.put(imodel(namespace="desk-9"))

    assert scene.woken == []


def test_a_pipeline_may_refer_to_a_pipeline() -> None:
    scene = ReferencesHarness(steps=[step(modelRef={"kind": "EnsemblePipeline", "name": "inner"})])
    scene.put(epipe("inner"), uid="inner")

    assert scene.woken == [PIPELINE]


def test_a_pipeline_that_names_itself_does_not_wake_itself() -> None:
    loop = step(modelRef={"kind": "EnsemblePipeline", "name": PIPELINE.name})
    scene = ReferencesHarness(steps=[loop])
    scene.put({**epipe(steps=[loop]), "status": SERVING})

    assert scene.woken == []


def test_each_of_many_pipelines_is_told_once() -> None:
    scene = ReferencesHarness(steps=[step("one"), step("two")])
    scene.put(epipe("another"), uid="another")
    scene.woken.clear()
    scene.put(imodel())

    assert scene.woken == [UnitKey(PIPELINE.kind, NAMESPACE, "another"), PIPELINE]


def test_a_step_that_refers_to_something_else_by_now_is_not_told() -> None:
    scene = ReferencesHarness()
    scene.put(epipe(steps=[step(refers_to="other")]))
    scene.put(imodel())

    assert scene.woken == []
    assert scene.store.dependants(UnitKey("InferenceModel", NAMESPACE, "other")) == [PIPELINE]


def test_a_deleted_pipeline_refers_to_nothing() -> None:
    scene = ReferencesHarness()
    scene.drop(epipe())
    scene.put(imodel())

    assert scene.woken == []
    assert scene.store.dependants(KEY) == []


def test_a_namesake_of_the_other_kind_that_goes_is_told() -> None:
    scene = ReferencesHarness(name="fx", steps=[step(refers_to="elsewhere")])
    scene.put(imodel("fx"))
    scene.put({**imodel("fx"), "status": SERVING})
    scene.drop(imodel("fx"))

    assert scene.woken == [UnitKey(PIPELINE.kind, NAMESPACE, "fx")] * 2


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
