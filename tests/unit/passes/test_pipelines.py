"""The set that a pipeline serves while its model moves on: its parts fit together."""

from typing import Any

from inference_operator.domain.names import UnitKey
from tests.fakes.bodies import KEY, PIPELINE, imodel, source, step
from tests.unit.passes.pipeline_harness import BOTH, PipelineHarness


async def test_a_pipeline_serves_what_the_stable_revision_of_its_model_is() -> None:
    harness = PipelineHarness()
    revision = await harness.serving(7)

    status = harness.of_pipeline
    assert harness.condition("Ready")[:2] == ("True", "Ready")
    assert harness.condition("ResolvedRefs")[:2] == ("True", "Resolved")
    assert "https://store.example/fx/7/model.onnx" in harness.served_uri(revision)
    (only_step,) = status.steps
    assert (only_step.name, only_step.model, only_step.version) == ("drift", "fx-drift", "1")
    assert only_step.source == "https://store.example/fx/7/model.onnx"
    assert only_step.model_ref == "InferenceModel/fx-drift"
    assert only_step.revision == harness.status.stable.revision  # type: ignore[union-attr]
    assert status.step_versions == "drift:1"
    assert status.model is not None
    assert status.model.version == "1"


async def test_a_new_stable_version_of_a_step_makes_a_new_set() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)

    harness.user_applies(model=source(2))
    await harness.settled()

    status = harness.of_pipeline
    assert status.stable is not None
    assert status.stable.revision != old
    assert status.model is not None
    assert status.model.version == "2", "every answer tells which set gave it"
    assert "fx/2/model.onnx" in harness.served_uri(status.stable.revision)
    assert "fx/1/model.onnx" in harness.served_uri(old), "the old set is left as it was"
    (created,) = [d for d in status.decisions if d.source == old and d.reason == "RevisionCreated"]
    assert "step drift: InferenceModel fx-drift changed from version 1 (revision" in created.message


async def test_a_canary_of_a_model_changes_no_set() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)
    model = harness.served
    harness.answers = lambda revision: revision in (old, model)

    harness.user_applies(model=source(2))
    await harness.settled()

    assert harness.sets == {old: 1}
    assert harness.condition("ResolvedRefs")[0] == "True"
    assert harness.condition("Ready")[0] == "True"


async def test_a_set_that_does_not_come_up_leaves_the_old_one_serving() -> None:
    harness = PipelineHarness()
    old = await harness.serving(1)
    harness.answers = lambda revision: revision not in harness.sets or revision == old

    harness.user_applies(model=source(2))
    await harness.settled()
    await harness.settle(keys=BOTH)

    status = harness.of_pipeline
    assert status.stable is not None
    assert status.stable.revision == old
    assert status.canary is not None
    assert status.steps[0].source == "https://store.example/fx/1/model.onnx"
    assert harness.condition("Available")[0] == "True"
    assert harness.condition("Ready")[2].endswith(
        f"(revision {old} continues to serve on 1 replica)"
    )


async def test_a_version_that_does_not_fit_leaves_what_is_pinned() -> None:
    harness = PipelineHarness()
    tensors = {
        "inputs": [{"name": "x", "dataType": "FP32", "shape": [4]}],
        "outputs": [{"name": "y", "dataType": "FP32", "shape": [1]}],
    }
    harness.user_applies(model={**source(1), **tensors})
    harness.user_applies_pipeline()
    await harness.settled()
    (old,) = harness.sets

    other = [{"name": "y", "dataType": "FP32", "shape": [7]}]
    harness.user_applies(model={**source(2), **tensors, "outputs": other})
    harness.user_applies_pipeline(replicas=2)
    await harness.settled()

    assert harness.sets == {old: 2}
    assert harness.condition("Ready")[0] == "True"
    status, reason, message = harness.condition("ResolvedRefs")
    assert (status, reason) == ("False", "ReferenceIncompatible")
    assert message.startswith("drift: InferenceModel fx-drift version 1 (revision ")
    assert "does not fit: spec." in message
    assert message.endswith("stays pinned")
    assert harness.event_reasons.count("ReferenceIncompatible") == 1

    harness.user_applies(model={**source(3), **tensors})
    await harness.settled()
    assert harness.condition("ResolvedRefs")[0] == "True"
    assert harness.of_pipeline.steps[0].source == "https://store.example/fx/3/model.onnx"


async def test_a_version_that_does_not_fit_holds_back_no_other() -> None:
    harness = PipelineHarness()
    other = UnitKey(KEY.kind, KEY.namespace, "other")
    flat, wide = ([{"name": "y", "dataType": "FP32", "shape": [n]}] for n in (1, 7))

    def edit(name: str, version: int, outputs: list[dict[str, Any]]) -> None:
        inputs = [{"name": "x", "dataType": "FP32", "shape": [4]}]
        model = {**source(version), "inputs": inputs, "outputs": outputs}
        harness.cluster.apply_as("kubectl", imodel(name, model=model), force=True)

    edit(KEY.name, 1, flat)
    edit(other.name, 1, flat)
    harness.user_applies_pipeline(
        steps=[step("second", other.name, outputMap={"y": "z"}), step()],
        outputs=[{"name": name, "dataType": "FP32", "shape": [1]} for name in "yz"],
    )
    await harness.settled((KEY, other, PIPELINE))

    edit(KEY.name, 2, flat)
    edit(other.name, 2, wide)
    await harness.settled((KEY, other, PIPELINE))

    assert harness.condition("Ready")[0] == "True"
    versions = [str(served.source).split("/")[-2] for served in harness.of_pipeline.steps]
    assert versions == ["1", "2"]
    status, reason, message = harness.condition("ResolvedRefs")
    assert (status, reason) == ("False", "ReferenceIncompatible")
    assert message.startswith("second: InferenceModel other version 1 (revision ")
    assert "drift" not in message
    (created,) = [d for d in harness.of_pipeline.decisions if "changed from" in d.message]
    assert "InferenceModel fx-drift" in created.message
    assert "InferenceModel other" not in created.message
    done = len(harness.cluster.writes)
    await harness.settled((KEY, other, PIPELINE))
    assert len(harness.cluster.writes) == done, "an answer that stays is told once"
