"""A pipeline's life with the real process: children, kubectl, and what its models' changes do."""

import re
import time
from typing import Any

import pytest

from hack.services.operator_process import OperatorProcess
from tests.fakes.bodies import source, step
from tests.integration.operator.conftest import Start
from tests.integration.operator.harness import NAME, PIPELINE, NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration

PIPE = f"epipe/{PIPELINE}"


def serve(scene: NamespaceHarness, **pipeline: Any) -> None:
    scene.apply(model=source(1), rollout={"scaleDownDelay": "1s"})
    scene.apply_pipeline(**pipeline)
    scene.await_ready()
    scene.await_ready(PIPE)


def of_pipeline(scene: NamespaceHarness) -> list[str]:
    owned = (c for c in scene.children() if c["metadata"]["ownerReferences"][0]["name"] == PIPELINE)
    return sorted(child["kind"] for child in owned)


def refs(scene: NamespaceHarness) -> dict[str, str]:
    return scene.condition("ResolvedRefs", PIPE)


def test_a_pipeline_gets_children_of_its_own_and_kubectl_shows_it(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    serve(scene)

    assert of_pipeline(scene) == ["ConfigMap", "ControllerRevision", "Deployment", "Service"]
    owners = {c["metadata"]["ownerReferences"][0]["kind"] for c in scene.children("service")}
    assert owners == {"InferenceModel", "EnsemblePipeline"}
    row = scene.run("get", "epipe", PIPELINE, "--no-headers").split()
    assert row[:6] == [PIPELINE, "True", "Ready", "drift:1", "1", "1/1"]
    assert {NAME, PIPELINE} <= set(re.split(r"[/\s]+", scene.run("get", "inference")))
    eventually(lambda: "Promoted" in scene.event_reasons("EnsemblePipeline"))
    described = scene.run("describe", "epipe", PIPELINE)
    assert "Resolved Refs" in described or "ResolvedRefs" in described
    assert re.search(r"Normal\s+Promoted\s", described)


def test_kubectl_scale_scales_the_set(operator: OperatorProcess, scene: NamespaceHarness) -> None:
    serve(scene)
    scene.run("scale", PIPE, "--replicas=3")
    scene.await_ready(PIPE)

    assert "PodDisruptionBudget" in of_pipeline(scene)
    status = scene.model(PIPE)["status"]
    assert (status["replicas"], status["readyReplicas"]) == (3, 3)


def test_applying_it_again_and_a_restart_write_nothing(
    start: Start, scene: NamespaceHarness
) -> None:
    first = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    first.await_ready()
    serve(scene, replicas=2)
    time.sleep(2)
    names = (NAME, PIPE)
    before, writes = scene.versions_of(names), first.writes
    scene.apply_pipeline(replicas=2)
    time.sleep(1)
    assert (scene.versions_of(names), first.writes) == (before, writes)
    first.stop()

    second = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    second.await_ready()
    eventually(lambda: second.metric("inference_operator_passes_total") >= 2)
    time.sleep(2)

    assert second.writes == 0, second.log
    assert scene.versions_of(names) == before


def test_a_model_that_comes_later_wakes_who_refers_to_it(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    scene.apply_pipeline()
    eventually(lambda: refs(scene).get("reason") == "ReferenceNotFound", lambda: operator.log)
    assert of_pipeline(scene) == []

    scene.apply(model=source(1))
    scene.await_ready()
    scene.await_ready(PIPE)
    assert refs(scene)["status"] == "True"


def test_a_new_stable_revision_of_the_model_becomes_a_new_set(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    serve(scene)
    old = scene.served(PIPELINE)
    scene.apply(model=source(2), rollout={"scaleDownDelay": "1s"})
    scene.await_ready()

    def has_moved() -> bool:
        scene.pods_answer()
        return scene.served(PIPELINE) != old

    eventually(has_moved, lambda: operator.log)
    scene.await_ready(PIPE)
    (step,) = scene.model(PIPE)["status"]["steps"]
    assert step["source"] == source(2)["source"]["uri"]


def test_a_deleted_model_is_told_and_takes_nothing_away(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    serve(scene)
    before = scene.served(PIPELINE), of_pipeline(scene)
    scene.run("delete", "imodel", NAME, "--wait=true")
    eventually(lambda: refs(scene).get("reason") == "ReferenceNotFound", lambda: operator.log)

    assert (scene.served(PIPELINE), of_pipeline(scene)) == before
    assert scene.condition("Available", PIPE)["status"] == "True"


def test_changes_that_do_not_matter_to_it_wake_no_pipeline(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    serve(scene)
    eventually(lambda: operator.metric("inference_operator_queue_depth") == 0)
    time.sleep(2)
    before = scene.model(PIPE)["metadata"]["resourceVersion"]
    passes = operator.metric("inference_operator_passes_total")
    for number in range(5):
        scene.run("annotate", "imodel", NAME, f"desk={number}", "--overwrite")
    time.sleep(2)

    assert operator.metric("inference_operator_passes_total") == passes
    assert scene.model(PIPE)["metadata"]["resourceVersion"] == before


def test_the_second_of_two_names_alike_is_told_and_the_first_serves_on(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    serve(scene)
    service = scene.get("service", NAME)
    # Not a step that refers to the namesake: no pipeline may be called as its own model in Triton.
    inline = step(modelRef=None, model=source(4))
    scene.apply_pipeline(NAME, steps=[inline])
    condition = eventually(
        lambda: (
            (c := scene.condition("Ready", f"epipe/{NAME}")).get("reason") == "ChildRefused" and c
        ),
        lambda: (scene.model(f"epipe/{NAME}").get("status"), operator.log),
    )
    conflict = f"Service/{NAME} belongs to InferenceModel {NAME}; rename one of the two"
    assert condition["message"].startswith(conflict)
    time.sleep(1)
    assert scene.get("service", NAME) == service
    assert scene.condition("Ready")["status"] == "True"

    scene.run("delete", "service", NAME, "--wait=true")
    eventually(lambda: scene.children("service") and _owner(scene) == "InferenceModel")
    scene.await_ready()


def test_a_name_that_becomes_free_is_taken(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    serve(scene)
    scene.apply(PIPELINE, model=source(3))
    eventually(lambda: scene.condition("Ready", PIPELINE).get("reason") == "ChildRefused")
    scene.run("delete", PIPE, "--wait=true")

    scene.await_ready(PIPELINE)
    assert _owner(scene, PIPELINE) == "InferenceModel"


def _owner(scene: NamespaceHarness, name: str = NAME) -> str:
    services = [s for s in scene.children("service") if s["metadata"]["name"] == name]
    return str(services[0]["metadata"]["ownerReferences"][0]["kind"]) if services else ""


def test_deletion_leaves_no_child_and_its_model_alone(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    serve(scene, replicas=2)
    scene.run("delete", PIPE, "--wait=true")
    eventually(lambda: of_pipeline(scene) == [], scene.kinds)

    assert scene.condition("Ready")["status"] == "True"


def test_a_pipeline_may_run_a_pipeline(operator: OperatorProcess, scene: NamespaceHarness) -> None:
    serve(scene)
    inner = {"kind": "EnsemblePipeline", "name": PIPELINE}
    scene.apply_pipeline("outer", steps=[step(modelRef=inner)])
    scene.await_ready("epipe/outer")

    (shown,) = scene.model("epipe/outer")["status"]["steps"]
    assert shown["modelRef"] == f"EnsemblePipeline/{PIPELINE}"
