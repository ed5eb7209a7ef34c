"""A pipeline waits for a missing model, and serves on with one that was deleted."""

from inference_operator.domain.names import UnitKey
from inference_operator.reconcile.reconciler import RELIST_DELAY
from tests.fakes.bodies import KEY, PIPELINE, imodel, source, step
from tests.unit.passes.desk import Desk


async def test_a_missing_model_is_waited_for() -> None:
    desk = Desk()
    desk.user_applies_pipeline()
    await desk.settled((PIPELINE,))

    assert desk.condition("Ready")[:2] == ("False", "ReferenceNotFound")
    assert desk.condition("ResolvedRefs") == (
        "False",
        "ReferenceNotFound",
        "spec.steps[drift].modelRef: InferenceModel fx-drift does not exist in namespace"
        f" {PIPELINE.namespace}; create it, or let the step refer to another one",
    )
    assert desk.condition("SpecValid")[0] == "Unknown"
    assert desk.condition("Stalled")[0] == "", "it goes on as soon as the model is there"
    assert desk.sets == {}

    await desk.serving(1)
    assert desk.condition("Ready")[0] == "True"


async def test_a_bad_graph_is_told_before_its_models_are_there() -> None:
    desk = Desk()
    desk.user_applies_pipeline(steps=[step(inputMap={"x": "misspelt"})])
    await desk.settled((PIPELINE,))

    status, reason, message = desk.condition("SpecValid")
    assert (status, reason) == ("False", "InvalidSpec")
    assert 'spec.steps[drift].inputMap[x]: found tensor "misspelt"' in message
    assert desk.condition("ResolvedRefs")[1] == "ReferenceNotFound"


async def test_a_model_that_was_never_ready_is_waited_for() -> None:
    desk = Desk()
    desk.answers = lambda revision: False
    desk.user_applies(model=source(1))
    desk.user_applies_pipeline()
    await desk.settled()

    assert desk.condition("ResolvedRefs")[:2] == ("False", "ReferenceNotReady")
    assert "has not been Ready yet (Progressing)" in desk.condition("ResolvedRefs")[2]
    assert "ReferenceNotReady" not in desk.event_reasons, "nobody has to act on what comes up"
    assert desk.sets == {}


async def test_an_edit_that_waits_for_a_model_is_on_its_way() -> None:
    desk = Desk()
    old = await desk.serving(1)
    desk.answers = lambda revision: revision == old
    desk.cluster.apply_as("kubectl", imodel("other", model=source(9)), force=True)
    other = UnitKey(KEY.kind, KEY.namespace, "other")

    desk.user_applies_pipeline(steps=[step(refers_to="other")])
    await desk.settled((KEY, other, PIPELINE))

    assert desk.condition("Ready")[:2] == ("False", "ReferenceNotReady")
    assert desk.of_pipeline.phase == "Progressing", "as where its own pods come up"
    assert desk.sets == {old: 1}


async def test_a_deleted_model_takes_nothing_away() -> None:
    desk = Desk()
    old = await desk.serving(1)

    desk.remove_model()
    await desk.settled((PIPELINE,))

    assert desk.sets == {old: 1}
    assert desk.condition("Ready")[0] == "True"
    status, reason, message = desk.condition("ResolvedRefs")
    assert (status, reason) == ("False", "ReferenceNotFound")
    assert f"does not exist in namespace {PIPELINE.namespace}; version 1 (revision" in message
    assert "stays pinned; create it, or let the step refer to another one" in message
    assert desk.event_reasons.count("ReferenceNotFound") == 1


async def test_a_model_that_is_deleted_after_its_record_is_told_as_deleted() -> None:
    desk = Desk()
    old = await desk.serving(1)

    desk.cluster.remove(KEY.kind, KEY.name, foreground=True)
    desk.cluster.collect_garbage()
    assert desk.cluster.live(KEY.kind, KEY.name) is not None
    await desk.settled((PIPELINE,))

    assert desk.sets == {old: 1}
    status, reason, message = desk.condition("ResolvedRefs")
    assert (status, reason) == ("False", "ReferenceNotFound")
    assert "InferenceModel fx-drift is being deleted; version 1 (revision" in message
    assert message.endswith("pinned; create it again, or let the step refer to another one")

    desk.cluster.collect_garbage()
    await desk.settled((PIPELINE,))

    assert "fx-drift does not exist" in desk.condition("ResolvedRefs")[2]
    assert desk.event_reasons.count("ReferenceNotFound") == 1


async def test_an_edit_serves_on_with_the_pin_of_a_deleted_model() -> None:
    desk = Desk()
    old = await desk.serving(1)
    desk.remove_model()

    renamed = step("renamed")
    desk.user_applies_pipeline(steps=[renamed], replicas=2)
    await desk.settled((PIPELINE,))

    status = desk.of_pipeline
    assert status.stable is not None
    assert status.stable.revision != old
    assert "fx/1/model.onnx" in desk.served_uri(status.stable.revision)
    assert desk.condition("Ready")[0] == "True"


async def test_a_model_of_the_same_name_is_taken_once_it_serves() -> None:
    desk = Desk()
    old = await desk.serving(1)
    desk.remove_model()
    desk.answers = lambda revision: revision == old
    desk.user_applies(model=source(2))
    await desk.settled()
    assert desk.sets == {old: 1}
    assert desk.condition("ResolvedRefs")[1] == "ReferenceNotReady"

    desk.answers = lambda revision: True
    await desk.settled()
    assert desk.of_pipeline.steps[0].source == "https://store.example/fx/2/model.onnx"
    assert desk.condition("ResolvedRefs")[0] == "True"


async def test_going_back_needs_no_model_that_was_deleted_since() -> None:
    desk = Desk()
    old = await desk.serving(1)
    desk.cluster.apply_as("kubectl", imodel("other", model=source(9)), force=True)
    other = UnitKey(KEY.kind, KEY.namespace, "other")
    desk.user_applies_pipeline(steps=[step(refers_to="other")])
    await desk.settled((KEY, other, PIPELINE))
    assert desk.of_pipeline.stable is not None
    assert desk.of_pipeline.stable.revision != old
    told = [d.message for d in desk.of_pipeline.decisions if d.reason == "RevisionCreated"]
    assert "went from" not in told[-1], "another resource is no update of the first"
    desk.remove_model()

    desk.user_applies_pipeline()
    await desk.settled((other, PIPELINE))

    assert desk.of_pipeline.stable.revision == old


async def test_a_model_that_is_there_and_not_listed_yet_is_not_told_as_missing() -> None:
    desk = Desk()
    await desk.serving(1)
    desk.start()
    model = desk.cluster.live(KEY.kind, KEY.name)
    assert model is not None
    desk.store.drop(KEY.kind, model)
    before = len(desk.cluster.writes)

    assert await desk.passes(PIPELINE) == RELIST_DELAY
    desk.store.put(KEY.kind, model)
    await desk.settled()

    assert len(desk.cluster.writes) == before


async def test_a_model_that_is_missing_is_asked_for_once() -> None:
    desk = Desk()
    await desk.serving(1)
    desk.remove_model()
    await desk.settled()
    await desk.settled()

    asked = [r for r in desk.cluster.requests if (r.verb, r.kind) == ("get", KEY.kind)]
    assert len(asked) == 1
    assert desk.condition("ResolvedRefs")[1] == "ReferenceNotFound"


async def test_what_is_missing_is_forgotten_with_those_who_name_it() -> None:
    desk = Desk()
    for number in range(30):
        desk.user_applies_pipeline(steps=[step(refers_to=f"missing-{number}")])
        await desk.settled((PIPELINE,))
    assert len(desk.passes._not_there[PIPELINE]) == 1

    live = desk.cluster.live(PIPELINE.kind, PIPELINE.name)
    assert live is not None
    desk.store.drop(PIPELINE.kind, live)
    await desk.passes(PIPELINE)
    assert desk.passes._not_there == {}
