"""Pipelines that refer to each other, and names that are taken, with the real process."""

import json

import pytest

from hack.services.operator_process import OperatorProcess
from tests.fakes.bodies import source, step
from tests.integration.operator.harness import NAME, PIPELINE, NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration

RING = ("fast", "slow", "joint")


def of(name: str) -> dict[str, str]:
    return step(modelRef={"kind": "EnsemblePipeline", "name": name})


def refs(scene: NamespaceHarness, name: str) -> dict[str, str]:
    return scene.condition("ResolvedRefs", f"epipe/{name}")


def test_a_ring_is_told_by_all_of_it_and_mended_by_one_edit(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    scene.apply(model=source(1))
    for name, other in zip(RING, (*RING[1:], RING[0]), strict=True):
        scene.apply_pipeline(name, steps=[of(other)])

    def all_say_so() -> bool:
        return {refs(scene, name).get("reason") for name in RING} == {"ReferenceCycle"}

    eventually(all_say_so, lambda: operator.log)
    assert "(fast -> slow -> joint -> fast)" in refs(scene, "fast")["message"]
    assert scene.condition("Stalled", "epipe/slow")["reason"] == "ReferenceCycle"

    scene.apply_pipeline("slow", steps=[step(refers_to=NAME)])
    for name in RING:
        scene.await_ready(f"epipe/{name}")


def test_a_ring_that_closes_later_stops_nobody_who_serves(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    scene.apply(model=source(1))
    scene.apply_pipeline()
    scene.apply_pipeline("outer", steps=[of(PIPELINE)])
    scene.await_ready("epipe/outer")
    before = scene.served(PIPELINE), scene.served("outer")

    scene.apply_pipeline(steps=[of("outer")])
    for name in (PIPELINE, "outer"):
        eventually(lambda name=name: refs(scene, name).get("reason") == "ReferenceCycle")
    assert (scene.served(PIPELINE), scene.served("outer")) == before
    assert scene.condition("Ready", "epipe/outer")["status"] == "True"
    assert scene.condition("Available", f"epipe/{PIPELINE}")["status"] == "True"

    scene.apply_pipeline()
    for name in (PIPELINE, "outer"):
        eventually(lambda name=name: refs(scene, name).get("status") == "True")


@pytest.mark.parametrize("kind", ["InferenceModel", "EnsemblePipeline"])
def test_nothing_is_promoted_while_somebody_else_has_the_name(
    operator: OperatorProcess, scene: NamespaceHarness, kind: str
) -> None:
    name = "till"
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": scene.namespace},
        "spec": {"ports": [{"port": 80}]},
    }
    scene.kubectl("apply", "-f", "-", stdin=json.dumps(service))
    if kind == "InferenceModel":
        scene.apply(name, model=source(1))
    else:
        scene.apply_pipeline(name, steps=[step(modelRef=None, model=source(1))])
    key = f"{kind}/{name}"

    def is_up() -> bool:
        scene.pods_answer()
        return bool(scene.model(key).get("status", {}).get("readyReplicas") == 1)

    eventually(is_up, lambda: operator.log)
    assert scene.condition("Ready", key)["reason"] == "ChildRefused"
    eventually(lambda: scene.condition("Stalled", key).get("reason") == "ChildRefused")
    assert "stable" not in scene.model(key)["status"]
    assert "Promoted" not in scene.event_reasons(kind)

    scene.run("delete", "service", name)
    scene.await_ready(key)
    eventually(lambda: scene.event_reasons(kind).count("Promoted") == 1)
