"""A list is set on an operator that serves: what runs goes on, new revisions are held to it."""

import pytest

from tests.fakes.bodies import source
from tests.integration.operator.conftest import Start
from tests.integration.operator.harness import NAME, NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = pytest.mark.integration

OLD = {"image": "old.example/triton:1"}
LISTS = {"INFERENCE_OPERATOR_ALLOWED_IMAGES": "nvcr.io/nvidia/*"}


def test_a_new_list_stops_nothing_that_serves(start: Start, scene: NamespaceHarness) -> None:
    first = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    first.await_ready()
    scene.apply(model=source(1), triton=OLD)
    scene.await_pods(1)
    scene.await_ready()
    served = scene.served()
    pods = [pod["metadata"]["uid"] for pod in scene.get("pods")["items"]]
    first.stop()

    second = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace, **LISTS)
    second.await_ready()
    eventually(lambda: "would be refused" in scene.condition("SpecValid")["message"])
    scene.run("scale", f"imodel/{NAME}", "--replicas=2")
    scene.await_pods(2)
    scene.await_ready()
    assert set(pods) <= {pod["metadata"]["uid"] for pod in scene.get("pods")["items"]}

    scene.apply(model=source(2), triton=OLD, replicas=2)
    eventually(lambda: scene.condition("Ready").get("reason") == "NotAllowed", scene.model)
    assert 'spec.triton.image: found "old.example/triton:1"' in scene.condition("Ready")["message"]
    assert scene.condition("Available")["status"] == "True"
    assert (scene.served(), len(scene.children("deployment"))) == (served, 1)
    eventually(lambda: "NotAllowed" in scene.event_reasons())

    scene.apply(model=source(2), triton={"image": "nvcr.io/nvidia/tritonserver:1"}, replicas=2)
    scene.await_ready()
    assert scene.served() != served
