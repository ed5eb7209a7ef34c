"""A frozen namespace on a real API server: the annotation stops a rollout, and wakes it."""

import time

from inference_operator.domain.freeze import FREEZE_ANNOTATION
from tests.fakes.bodies import source
from tests.integration.operator.conftest import Start
from tests.integration.operator.harness import NamespaceHarness
from tests.integration.operator.waiting import eventually

ROLLOUT = {"scaleDownDelay": "1s"}
QUEUE = {"type": "QueueTime", "target": "5ms"}
FREEZE = f"{FREEZE_ANNOTATION}=end of quarter"


def frozen(scene: NamespaceHarness) -> bool:
    return scene.condition("Reconciling").get("reason") == "Frozen"


def changes(scene: NamespaceHarness) -> list[tuple[str, str]]:
    """Return the numbers of pods before and after each decision of autoscaling."""
    decisions = scene.model()["status"].get("decisions", ())
    return [(each["from"], each["to"]) for each in decisions if each["kind"] == "Scaling"]


def test_a_frozen_namespace_stops_a_rollout_across_a_restart(
    start: Start, scene: NamespaceHarness
) -> None:
    served = {"INFERENCE_OPERATOR_NAMESPACES": scene.namespace}
    first = start(**served)
    first.await_ready()
    scene.apply(model=source(1), rollout=ROLLOUT)
    scene.await_pods(1)
    scene.await_ready()
    old = scene.model()["status"]["stable"]["revision"]

    scene.kubectl("annotate", "namespace", scene.namespace, FREEZE)
    scene.apply(model=source(2), rollout=ROLLOUT)
    eventually(lambda: frozen(scene), scene.model)
    message = scene.condition("Ready")["message"]
    assert f"namespace {scene.namespace} freezes rollouts: end of quarter" in message
    assert scene.model()["status"]["phase"] == "Paused"

    before = scene.versions()
    first.stop()
    second = start(**served)
    second.await_ready()
    eventually(lambda: second.metric("inference_operator_passes_total") >= 1)
    time.sleep(1)
    assert scene.versions() == before
    assert second.writes == 0

    scene.kubectl("annotate", "namespace", scene.namespace, f"{FREEZE_ANNOTATION}-")
    scene.await_ready()
    assert scene.model()["status"]["stable"]["revision"] != old


def test_the_setting_freezes_and_a_restart_without_it_goes_on(
    start: Start, scene: NamespaceHarness
) -> None:
    served = {"INFERENCE_OPERATOR_NAMESPACES": scene.namespace}
    first = start(**served, INFERENCE_OPERATOR_FREEZE_ROLLOUTS="true")
    scene.apply(model=source(1), rollout=ROLLOUT)
    scene.await_pods(1)
    scene.await_ready()
    scene.apply(model=source(2), rollout=ROLLOUT)
    eventually(lambda: frozen(scene), scene.model)
    assert "INFERENCE_OPERATOR_FREEZE_ROLLOUTS" in scene.condition("Ready")["message"]

    first.stop()
    start(**served)
    scene.await_ready()


def test_bounds_of_autoscaling_hold_in_a_frozen_namespace(
    start: Start, scene: NamespaceHarness
) -> None:
    """There is no Prometheus, so the number of pods follows the bounds."""
    served = {"INFERENCE_OPERATOR_NAMESPACES": scene.namespace}
    first = start(**served)
    first.await_ready()
    bounds = {"minReplicas": 2, "maxReplicas": 4, "metrics": [QUEUE]}
    scene.apply(model=source(1), rollout=ROLLOUT, autoscaling=bounds)
    scene.await_pods(2)
    scene.await_ready()
    old = scene.served()

    scene.kubectl("annotate", "namespace", scene.namespace, FREEZE)
    scene.apply(model=source(2), rollout=ROLLOUT, autoscaling={**bounds, "minReplicas": 3})
    scene.await_pods(3)
    eventually(lambda: frozen(scene), scene.model)
    first.stop()
    second = start(**served)
    second.await_ready()
    scene.apply(model=source(2), rollout=ROLLOUT, autoscaling={**bounds, "maxReplicas": 2})
    scene.await_pods(2)
    assert scene.served() == old
    assert frozen(scene)
    eventually(lambda: changes(scene) == [("2", "3"), ("3", "2")], scene.model)
