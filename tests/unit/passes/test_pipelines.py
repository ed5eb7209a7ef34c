"""Pipelines and the models that they refer to: one set serves, whatever becomes of its parts."""

from datetime import timedelta
from typing import Any

import pytest

from inference_operator.api.status import EnsemblePipelineStatus
from inference_operator.domain.names import NAME_LABEL, UnitKey
from inference_operator.handlers.passes import UNLISTED
from tests.fakes.bodies import KEY, PIPELINE, epipe, imodel, source, step
from tests.fakes.cluster import CrashedError
from tests.fakes.world import World, crash_at

BOTH = (KEY, PIPELINE)


class Desk(World):
    """A model, and a pipeline of one step that refers to it."""

    def user_applies_pipeline(self, **changes: Any) -> None:
        self.cluster.apply_as("kubectl", epipe(**changes), force=True)

    async def settled(self, keys: tuple[UnitKey, ...] = BOTH) -> None:
        # A model's new stable revision is seen by the pipeline's next pass.
        await self.settle(keys=keys)

    async def serving(self, version: int = 1) -> str:
        """Both serve; the pipeline's revision."""
        self.user_applies(model=source(version))
        self.user_applies_pipeline()
        await self.settled()
        assert self.of_pipeline.stable is not None
        return self.of_pipeline.stable.revision

    @property
    def of_pipeline(self) -> EnsemblePipelineStatus:
        found = self.status_of(PIPELINE)
        assert isinstance(found, EnsemblePipelineStatus)
        return found

    def condition(self, kind: str) -> tuple[str, str, str]:
        found = next((c for c in self.of_pipeline.conditions if c.type == kind), None)
        return (found.status.value, found.reason, found.message) if found else ("", "", "")

    @property
    def sets(self) -> dict[str, int]:
        """Replicas of the pipeline's Deployments, by revision."""
        of = [
            d
            for d in self.cluster.all("Deployment")
            if d["metadata"]["labels"][NAME_LABEL] == PIPELINE.name
        ]
        return {d["metadata"]["name"].rpartition("-")[2]: d["spec"]["replicas"] for d in of}

    def served_uri(self, revision: str) -> str:
        """Where the models of a set come from."""
        found = self.cluster.live("ConfigMap", f"{PIPELINE.name}-{revision}")
        assert found is not None
        return str(found["data"]["plan.json"])

    def remove_model(self) -> None:
        self.cluster.remove(KEY.kind, KEY.name)
        self.cluster.collect_garbage()


async def test_a_pipeline_serves_what_the_stable_revision_of_its_model_is() -> None:
    desk = Desk()
    revision = await desk.serving(7)

    status = desk.of_pipeline
    assert desk.condition("Ready")[:2] == ("True", "Ready")
    assert desk.condition("ResolvedRefs")[:2] == ("True", "Resolved")
    assert "https://store.example/fx/7/model.onnx" in desk.served_uri(revision)
    (found,) = status.steps
    assert (found.name, found.model, found.version) == ("drift", "fx-drift", "1")
    assert found.source == "https://store.example/fx/7/model.onnx"
    assert found.model_ref == "InferenceModel/fx-drift"
    assert found.revision == desk.status.stable.revision  # type: ignore[union-attr]
    assert status.step_versions == "drift:1"
    assert status.model is not None
    assert status.model.version == "1"


async def test_a_new_stable_version_of_a_step_makes_a_new_set() -> None:
    desk = Desk()
    old = await desk.serving(1)

    desk.user_applies(model=source(2))
    await desk.settled()

    status = desk.of_pipeline
    assert status.stable is not None
    assert status.stable.revision != old
    assert status.model is not None
    assert status.model.version == "2", "every answer tells which set gave it"
    assert "fx/2/model.onnx" in desk.served_uri(status.stable.revision)
    assert "fx/1/model.onnx" in desk.served_uri(old), "the old set is left as it was"
    (created,) = [d for d in status.decisions if d.source == old and d.reason == "RevisionCreated"]
    assert "step drift: InferenceModel fx-drift went from version 1 (revision" in created.message


async def test_a_candidate_of_a_model_changes_no_set() -> None:
    desk = Desk()
    old = await desk.serving(1)
    model = desk.served
    desk.answers = lambda revision: revision in (old, model)

    desk.user_applies(model=source(2))
    await desk.settled()

    assert desk.sets == {old: 1}
    assert desk.condition("ResolvedRefs")[0] == "True"
    assert desk.condition("Ready")[0] == "True"


async def test_a_set_that_does_not_come_up_leaves_the_old_one_serving() -> None:
    desk = Desk()
    old = await desk.serving(1)
    desk.answers = lambda revision: revision not in desk.sets or revision == old

    desk.user_applies(model=source(2))
    await desk.settled()
    await desk.settle(keys=BOTH)

    status = desk.of_pipeline
    assert status.stable is not None
    assert status.stable.revision == old
    assert status.candidate is not None
    assert status.steps[0].source == "https://store.example/fx/1/model.onnx"
    assert desk.condition("Available")[0] == "True"
    assert desk.condition("Ready")[2].endswith(f"(revision {old} goes on serving on 1 replicas)")


async def test_a_missing_model_is_waited_for() -> None:
    desk = Desk()
    desk.user_applies_pipeline()
    await desk.settled((PIPELINE,))

    assert desk.condition("Ready")[:2] == ("False", "ReferenceNotFound")
    assert desk.condition("ResolvedRefs") == (
        "False",
        "ReferenceNotFound",
        f"drift: InferenceModel fx-drift does not exist in namespace {PIPELINE.namespace}: create"
        " it, or let the step refer to another one",
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
    assert "stays pinned: create it, or let the step refer to another one" in message
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
    assert message.endswith("pinned: create it again, or let the step refer to another one")

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


async def test_an_edit_of_the_model_that_only_moves_its_pods_makes_no_new_set() -> None:
    desk = Desk()
    old = await desk.serving(1)
    before = desk.status.stable

    desk.user_applies(model=source(1), resources={"requests": {"cpu": "2"}})
    await desk.settled()

    assert desk.status.stable != before
    assert desk.sets == {old: 1}


async def test_going_back_in_the_model_goes_back_to_the_same_set() -> None:
    desk = Desk()
    old = await desk.serving(1)
    rendered = desk.cluster.live("Deployment", f"{PIPELINE.name}-{old}")
    await desk.serving(2)
    desk.now += timedelta(seconds=31)
    await desk.settled()
    assert old not in desk.sets

    assert await desk.serving(1) == old
    restored = desk.cluster.live("Deployment", f"{PIPELINE.name}-{old}")
    assert rendered is not None
    assert restored is not None
    assert restored["spec"] == rendered["spec"]
    assert desk.of_pipeline.model is not None
    assert desk.of_pipeline.model.version == "1"


async def test_other_weights_make_a_new_set() -> None:
    desk = Desk()

    def average(price: int) -> dict[str, Any]:
        return step(
            "average",
            modelRef=None,
            builtin={"weightedAverage": {"weights": {"price": price, "sentiment": 1}}},
            inputMap={n: n for n in ("price", "interval", "score", "confidence")},
            outputMap={"forecast": "y"},
        )

    inputs = [
        {"name": name, "dataType": "FP32", "shape": [2 if name == "interval" else 1]}
        for name in ("price", "interval", "score", "confidence")
    ]
    desk.user_applies_pipeline(steps=[average(3)], inputs=inputs, maxBatchSize=4)
    await desk.settled((PIPELINE,))
    assert desk.condition("Ready")[0] == "True", desk.of_pipeline
    (old,) = desk.sets

    desk.user_applies_pipeline(steps=[average(4)], inputs=inputs, maxBatchSize=4)
    await desk.settled((PIPELINE,))

    assert len(desk.sets) == 2
    assert desk.of_pipeline.stable is not None
    assert desk.of_pipeline.stable.revision != old
    assert desk.of_pipeline.step_versions == "average", "a built-in has no version of its own"


async def test_a_version_that_does_not_fit_leaves_what_is_pinned() -> None:
    desk = Desk()
    tensors = {
        "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
        "outputs": [{"name": "y", "dataType": "FP32", "shape": [1]}],
    }
    desk.user_applies(model={**source(1), **tensors})
    desk.user_applies_pipeline()
    await desk.settled()
    (old,) = desk.sets

    other = [{"name": "y", "dataType": "FP32", "shape": [7]}]
    desk.user_applies(model={**source(2), **tensors, "outputs": other})
    desk.user_applies_pipeline(replicas=2)
    await desk.settled()

    assert desk.sets == {old: 2}
    assert desk.condition("Ready")[0] == "True"
    status, reason, message = desk.condition("ResolvedRefs")
    assert (status, reason) == ("False", "ReferenceIncompatible")
    assert message.startswith("drift: InferenceModel fx-drift version 1 (revision ")
    assert "does not fit: spec." in message
    assert message.endswith("stays pinned")
    assert desk.event_reasons.count("ReferenceIncompatible") == 1

    desk.user_applies(model={**source(3), **tensors})
    await desk.settled()
    assert desk.condition("ResolvedRefs")[0] == "True"
    assert desk.of_pipeline.steps[0].source == "https://store.example/fx/3/model.onnx"


async def test_a_version_that_does_not_fit_holds_back_no_other() -> None:
    desk = Desk()
    other = UnitKey(KEY.kind, KEY.namespace, "other")
    flat, wide = ([{"name": "y", "dataType": "FP32", "shape": [n]}] for n in (1, 7))

    def edit(name: str, version: int, outputs: list[dict[str, Any]]) -> None:
        inputs = [{"name": "x", "dataType": "FP32", "shape": [4]}]
        model = {**source(version), "inputs": inputs, "outputs": outputs}
        desk.cluster.apply_as("kubectl", imodel(name, model=model), force=True)

    edit(KEY.name, 1, flat)
    edit(other.name, 1, flat)
    desk.user_applies_pipeline(
        steps=[step("second", other.name, outputMap={"y": "z"}), step()],
        outputs=[{"name": name, "dataType": "FP32", "shape": [1]} for name in "yz"],
    )
    await desk.settled((KEY, other, PIPELINE))

    edit(KEY.name, 2, flat)
    edit(other.name, 2, wide)
    await desk.settled((KEY, other, PIPELINE))

    assert desk.condition("Ready")[0] == "True"
    versions = [str(found.source).split("/")[-2] for found in desk.of_pipeline.steps]
    assert versions == ["1", "2"]
    status, reason, message = desk.condition("ResolvedRefs")
    assert (status, reason) == ("False", "ReferenceIncompatible")
    assert message.startswith("second: InferenceModel other version 1 (revision ")
    assert "drift" not in message
    (created,) = [d for d in desk.of_pipeline.decisions if "went from" in d.message]
    assert "InferenceModel fx-drift" in created.message
    assert "InferenceModel other" not in created.message
    done = len(desk.cluster.writes)
    await desk.settled((KEY, other, PIPELINE))
    assert len(desk.cluster.writes) == done, "an answer that stays is told once"


async def test_a_model_and_a_pipeline_of_it_are_taken_together() -> None:
    desk = Desk()
    await desk.serving(1)
    outer = UnitKey(PIPELINE.kind, PIPELINE.namespace, "fx-outer")
    inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
    direct = step("direct", outputMap={"y": "z"})
    outputs = [{"name": name, "dataType": "FP32", "shape": [1]} for name in ("y", "z")]
    desk.cluster.apply_as(
        "kubectl", epipe(outer.name, steps=[inner, direct], outputs=outputs), force=True
    )
    keys = (KEY, PIPELINE, outer)
    await desk.settled(keys)
    before = desk.status_of(outer).stable
    assert before is not None

    desk.user_applies(model=source(2))
    await desk.settle(keys=(KEY, outer))
    assert desk.status_of(outer).stable == before, "the inner one is behind"
    await desk.settled(keys)

    plans = desk.cluster.all("ConfigMap")
    after = desk.status_of(outer).stable
    assert after is not None
    assert after.revision != before.revision
    (plan,) = (p for p in plans if p["metadata"]["name"] == f"fx-outer-{after.revision}")
    assert "fx/1/" not in plan["data"]["plan.json"]


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


async def test_a_pipeline_is_no_step_of_itself() -> None:
    desk = Desk()
    itself = step(modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})

    desk.user_applies_pipeline(steps=[itself])
    await desk.settled((PIPELINE,))

    assert desk.condition("SpecValid") == (
        "False",
        "InvalidSpec",
        "spec.steps[drift].modelRef: found the pipeline itself, expected another resource; remove"
        " the step",
    )


async def test_a_step_that_refers_to_the_pipeline_hides_nothing_else() -> None:
    desk = Desk()
    old = await desk.serving(1)
    desk.remove_model()
    itself = step("itself", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})

    misspelt = step(inputMap={"x": "misspelt"}, outputMap={"y": "z"})
    desk.user_applies_pipeline(steps=[itself, misspelt])
    await desk.settled((PIPELINE,))

    assert desk.sets == {old: 1}
    message = desk.condition("SpecValid")[2]
    assert message.startswith("spec.steps[itself].modelRef: found the pipeline itself")
    assert 'spec.steps[drift].inputMap[x]: found tensor "misspelt"' in message
    assert desk.condition("ResolvedRefs")[:2] == ("False", "ReferenceNotFound")


async def test_moving_an_inner_pipelines_pods_makes_no_new_outer_set() -> None:
    desk = Desk()
    await desk.serving(1)
    outer = UnitKey(PIPELINE.kind, PIPELINE.namespace, "fx-outer")
    inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
    desk.cluster.apply_as("kubectl", epipe(outer.name, steps=[inner]), force=True)
    keys = (KEY, PIPELINE, outer)
    await desk.settled(keys)
    before = desk.status_of(outer).stable

    desk.user_applies_pipeline(resources={"requests": {"cpu": "2"}})
    await desk.settled(keys)

    assert desk.of_pipeline.model is not None
    assert desk.of_pipeline.model.version == "2"
    assert desk.status_of(outer).stable == before


async def test_scaling_a_model_writes_nothing_of_its_pipelines() -> None:
    desk = Desk()
    await desk.serving(1)
    desk.cluster.requests.clear()

    desk.user_applies(model=source(1), replicas=3)
    await desk.settled()

    assert [r for r in desk.cluster.writes if r.kind == PIPELINE.kind] == []


async def test_a_model_that_asks_its_registry_writes_nothing_of_its_pipelines() -> None:
    desk = Desk()
    await desk.serving(1)
    desk.cluster.requests.clear()

    desk.user_applies(model={"source": {"uri": "models:/fx_drift@champion"}})
    await desk.settled()

    assert desk.ready[1] == "Resolving"
    assert [r for r in desk.cluster.writes if r.kind == PIPELINE.kind] == []


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


async def test_an_unchanged_pipeline_makes_no_request() -> None:
    desk = Desk()
    await desk.serving(1)
    done = len(desk.cluster.writes)

    for _ in range(3):
        desk.watch()
        for key in BOTH:
            await desk.passes(key)

    assert len(desk.cluster.writes) == done


async def test_a_pipeline_of_a_pipeline_pins_all_of_its_models() -> None:
    desk = Desk()
    await desk.serving(1)
    outer = UnitKey(PIPELINE.kind, PIPELINE.namespace, "fx-outer")
    inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
    desk.cluster.apply_as("kubectl", epipe(outer.name, steps=[inner]), force=True)
    await desk.settled((KEY, PIPELINE, outer))

    status = desk.status_of(outer)
    assert isinstance(status, EnsemblePipelineStatus)
    assert status.stable is not None
    plan = desk.cluster.live("ConfigMap", f"fx-outer-{status.stable.revision}")
    assert plan is not None
    assert set(plan["data"]) == {
        "plan.json",
        "fx-drift.config.pbtxt",
        "fx-signal.config.pbtxt",
        "fx-outer.config.pbtxt",
    }
    assert status.steps[0].model_ref == "EnsemblePipeline/fx-signal"

    await desk.serving(2)
    await desk.settled((KEY, PIPELINE, outer))
    after = desk.status_of(outer)
    assert after.stable is not None
    assert after.stable.revision != status.stable.revision, "a change two levels down"


async def test_moved_pods_of_the_pipelines_within_make_no_new_set() -> None:
    desk = Desk()
    await desk.serving(1)
    middle, outer = (UnitKey(PIPELINE.kind, PIPELINE.namespace, n) for n in ("middle", "outer"))
    keys = (KEY, PIPELINE, middle, outer)

    async def pods_of_middle(**changes: Any) -> None:
        inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
        body = epipe(middle.name, steps=[inner], **changes)
        desk.cluster.apply_as("kubectl", body, force=True)
        await desk.settled(keys)

    def revisions() -> dict[str, str]:
        stable = {key: desk.status_of(key).stable for key in (PIPELINE, middle, outer)}
        return {key.name: found.revision for key, found in stable.items() if found}

    whole = step("whole", modelRef={"name": middle.name, "kind": middle.kind})
    desk.cluster.apply_as("kubectl", epipe(outer.name, steps=[whole]), force=True)
    await pods_of_middle()
    before = revisions()
    more = {"requests": {"cpu": "2"}}
    desk.user_applies_pipeline(resources=more)
    await desk.settled(keys)
    await pods_of_middle(resources=more)

    moved = {name for name, revision in revisions().items() if revision != before[name]}
    assert moved == {PIPELINE.name, middle.name}


def ending(desk: Desk) -> object:
    """What a story ends with, without what differs from run to run."""
    status = desk.of_pipeline
    return (
        desk.sets,
        sorted(m["metadata"]["name"] for m in desk.cluster.all("ConfigMap")),
        desk.condition("Ready"),
        desk.condition("ResolvedRefs"),
        status.stable,
        status.steps,
        [(d.reason, d.source, d.target) for d in status.decisions],
    )


async def story(desk: Desk) -> None:
    """Deployed together, a new version of the model, and the model deleted."""
    await desk.serving(1)
    desk.user_applies(model=source(2))
    await desk.settled()
    desk.now += timedelta(seconds=31)
    await desk.settled()
    desk.remove_model()
    await desk.settled((PIPELINE,))


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 42))
async def test_a_crash_at_any_write_ends_with_the_same_set(number: int, answered: bool) -> None:
    undisturbed = Desk()
    await story(undisturbed)

    desk = Desk()
    setattr(desk.cluster, "after" if answered else "before", crash_at(number))
    crashed = 0
    settle = desk.settled

    async def mended(keys: tuple[UnitKey, ...] = BOTH) -> None:
        nonlocal crashed
        try:
            await settle(keys)
        except CrashedError:
            crashed += 1
            desk.cluster.before = desk.cluster.after = None
            desk.start()
            await settle(keys)

    desk.settled = mended  # type: ignore[method-assign]
    await story(desk)

    assert crashed == (1 if number <= len(undisturbed.cluster.writes) else 0)
    assert ending(desk) == ending(undisturbed)


async def test_the_story_has_as_many_writes_as_crashes_are_tried() -> None:
    desk = Desk()
    await story(desk)

    assert len(desk.cluster.writes) == 40


async def test_a_model_that_is_there_and_not_listed_yet_is_not_told_as_missing() -> None:
    desk = Desk()
    await desk.serving(1)
    desk.start()
    model = desk.cluster.live(KEY.kind, KEY.name)
    assert model is not None
    desk.cache.drop(KEY.kind, model)
    before = len(desk.cluster.writes)

    assert await desk.passes(PIPELINE) == UNLISTED
    desk.cache.put(KEY.kind, model)
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
