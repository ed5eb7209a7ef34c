"""A pipeline waits for a missing model, and keeps serving after a model was deleted."""

from inference_operator.domain.names import UnitKey
from inference_operator.reconcile.reconciler import RELIST_DELAY
from tests.fakes.bodies import KEY, PIPELINE, imodel, source, step
from tests.unit.passes.pipeline_harness import PipelineHarness


async def test_a_missing_model_is_waited_for() -> None:
    harness = PipelineHarness()
    harness.user_applies_pipeline()
    await harness.settled((PIPELINE,))

    assert harness.condition("Ready")[:2] == ("False", "ReferenceNotFound")
    assert harness.condition("ResolvedRefs") == (
        "False",
        "ReferenceNotFound",
        "spec.steps[drift].modelRef: InferenceModel fx-drift does not exist in namespace"
        f" {PIPELINE.namespace}; create it, or change the step's modelRef",
    )
    assert harness.condition("SpecValid")[0] == "Unknown"
    assert harness.condition("Stalled")[0] == "", "it goes on as soon as the model is there"
    assert harness.sets == {}

    await harness.serving(1)
    assert harness.condition("Ready")[0] == "True"


async def test_a_bad_graph_is_told_before_its_models_are_there() -> None:
    harness = PipelineHarness()
    harness.user_applies_pipeline(steps=[step(inputMap={"x": "misspelt"})])
    await harness.settled((PIPELINE,))

    status, reason, message = harness.condition("SpecValid")
    assert (status, reason) == ("False", "InvalidSpec")
    assert 'spec.steps[drift].inputMap[x]: found tensor "misspelt"' in message
    assert harness.condition("ResolvedRefs")[1] == "ReferenceNotFound"


async def test_a_model_that_was_never_ready_is_waited_for() -> None:
    harness = PipelineHarness()
    harness.answers = lambda revision: False
    harness.user_applies(model=source(1))
    harness.user_applies_pipeline()
    await harness.settled()

    assert harness.condition("ResolvedRefs")[:2] == ("False", "ReferenceNotReady")
    assert "has not been Ready yet (Progressing)" in harness.condition("ResolvedRefs")[2]
    assert "ReferenceNotReady" not in harness.event_reasons, "nobody has to act on what comes up"
    assert harness.sets == {}


async def test_an_edit_that_waits_for_a_model_is_on_its_way() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)
    harness.answers = lambda revision: revision == old
    harness.cluster.apply_as("kubectl", imodel("other", model=source(9)), force=True)
    other = UnitKey(KEY.kind, KEY.namespace, "other")

    harness.user_applies_pipeline(steps=[step(refers_to="other")])
    await harness.settled((KEY, other, PIPELINE))

    assert harness.condition("Ready")[:2] == ("False", "ReferenceNotReady")
    assert harness.of_pipeline.phase == "Progressing", "as where its own pods come up"
    assert harness.sets == {old: 1}


async def test_a_deleted_model_takes_nothing_away() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)

    harness.remove_model()
    await harness.settled((PIPELINE,))

    assert harness.sets == {old: 1}
    assert harness.condition("Ready")[0] == "True"
    status, reason, message = harness.condition("ResolvedRefs")
    assert (status, reason) == ("False", "ReferenceNotFound")
    assert f"does not exist in namespace {PIPELINE.namespace}; version 1 (revision" in message
    assert "stays pinned; create it, or change the step's modelRef" in message
    assert harness.event_reasons.count("ReferenceNotFound") == 1


async def test_a_model_that_is_deleted_after_its_record_is_told_as_deleted() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)

    harness.cluster.remove(KEY.kind, KEY.name, foreground=True)
    harness.cluster.collect_garbage()
    assert harness.cluster.live(KEY.kind, KEY.name) is not None
    await harness.settled((PIPELINE,))

    assert harness.sets == {old: 1}
    status, reason, message = harness.condition("ResolvedRefs")
    assert (status, reason) == ("False", "ReferenceNotFound")
    assert "InferenceModel fx-drift is being deleted; version 1 (revision" in message
    assert message.endswith("pinned; create it again, or change the step's modelRef")

    harness.cluster.collect_garbage()
    await harness.settled((PIPELINE,))

    assert "fx-drift does not exist" in harness.condition("ResolvedRefs")[2]
    assert harness.event_reasons.count("ReferenceNotFound") == 1


async def test_an_edit_serves_on_with_the_pin_of_a_deleted_model() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)
    harness.remove_model()

    renamed = step("renamed")
    harness.user_applies_pipeline(steps=[renamed], replicas=2)
    await harness.settled((PIPELINE,))

    status = harness.of_pipeline
    assert status.stable is not None
    assert status.stable.revision != old
    assert "fx/1/model.onnx" in harness.served_uri(status.stable.revision)
    assert harness.condition("Ready")[0] == "True"


async def test_a_model_of_the_same_name_is_taken_once_it_serves() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)
    harness.remove_model()
    harness.answers = lambda revision: revision == old
    harness.user_applies(model=source(2))
    await harness.settled()
    assert harness.sets == {old: 1}
    assert harness.condition("ResolvedRefs")[1] == "ReferenceNotReady"

    harness.answers = lambda revision: True
    await harness.settled()
    assert harness.of_pipeline.steps[0].source == "https://store.example/fx/2/model.onnx"
    assert harness.condition("ResolvedRefs")[0] == "True"


async def test_going_back_needs_no_model_that_was_deleted_since() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)
    harness.cluster.apply_as("kubectl", imodel("other", model=source(9)), force=True)
    other = UnitKey(KEY.kind, KEY.namespace, "other")
    harness.user_applies_pipeline(steps=[step(refers_to="other")])
    await harness.settled((KEY, other, PIPELINE))
    assert harness.of_pipeline.stable is not None
    assert harness.of_pipeline.stable.revision != old
    messages = [d.message for d in harness.of_pipeline.decisions if d.reason == "RevisionCreated"]
    assert "changed from" not in messages[-1], "another resource is no update of the first"
    harness.remove_model()

    harness.user_applies_pipeline()
    await harness.settled((other, PIPELINE))

    assert harness.of_pipeline.stable.revision == old


async def test_a_model_that_is_there_and_not_listed_yet_is_not_told_as_missing() -> None:
    harness = PipelineHarness()
    await harness.serving(1)
    harness.start()
    model = harness.cluster.live(KEY.kind, KEY.name)
    assert model is not None
    harness.store.drop(KEY.kind, model)
    before = len(harness.cluster.writes)

    assert await harness.passes(PIPELINE) == RELIST_DELAY
    harness.store.put(KEY.kind, model)
    await harness.settled()

    assert len(harness.cluster.writes) == before


async def test_a_model_that_is_missing_is_asked_for_once() -> None:
    harness = PipelineHarness()
    await harness.serving(1)
    harness.remove_model()
    await harness.settled()
    await harness.settled()

    asked = [r for r in harness.cluster.requests if (r.verb, r.kind) == ("get", KEY.kind)]
    assert len(asked) == 1
    assert harness.condition("ResolvedRefs")[1] == "ReferenceNotFound"


async def test_what_is_missing_is_forgotten_with_those_who_name_it() -> None:
    harness = PipelineHarness()
    for number in range(30):
        harness.user_applies_pipeline(steps=[step(refers_to=f"missing-{number}")])
        await harness.settled((PIPELINE,))
    assert len(harness.passes._not_there[PIPELINE]) == 1

    live = harness.cluster.live(PIPELINE.kind, PIPELINE.name)
    assert live is not None
    harness.store.drop(PIPELINE.kind, live)
    await harness.passes(PIPELINE)
    assert harness.passes._not_there == {}
