"""A new default image on a real API server: it touches nothing, or reaches one model at once."""

from tests.integration.operator.conftest import Start
from tests.integration.operator.harness import OURS, NamespaceHarness
from tests.integration.operator.waiting import eventually

NAMES = ("bids", "asks", "trades")
NEW_IMAGE = "nvcr.io/nvidia/tritonserver:99.12-py3"
ROLLOUT = {"rollout": {"scaleDownDelay": "1s"}}


def images(scene: NamespaceHarness) -> dict[str, str]:
    """Of every Deployment: whose it is, and its image."""
    return {
        body["metadata"]["name"]: body["spec"]["template"]["spec"]["containers"][0]["image"]
        for body in scene.get("deployments", "-l", OURS)["items"]
    }


def serve(start: Start, scene: NamespaceHarness) -> None:
    """All three serve, by an operator that has ended."""
    first = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    for name in NAMES:
        scene.apply(name, **ROLLOUT)
    for name in NAMES:
        scene.await_ready(name)
    first.stop()


def test_a_new_default_image_touches_nothing(start: Start, scene: NamespaceHarness) -> None:
    serve(start, scene)
    before = scene.versions_of(NAMES)
    second = start(
        INFERENCE_OPERATOR_NAMESPACES=scene.namespace, INFERENCE_OPERATOR_TRITON_IMAGE=NEW_IMAGE
    )
    second.await_ready()
    eventually(lambda: second.metric("inference_operator_passes_total") >= len(NAMES))

    assert second.writes == 0
    assert scene.versions_of(NAMES) == before


def test_in_stages_one_model_at_once_gets_the_new_image(
    start: Start, scene: NamespaceHarness
) -> None:
    serve(start, scene)
    start(
        INFERENCE_OPERATOR_NAMESPACES=scene.namespace,
        INFERENCE_OPERATOR_TRITON_IMAGE=NEW_IMAGE,
        INFERENCE_OPERATOR_DEFAULTS_ROLLOUT="Staged",
        INFERENCE_OPERATOR_DEFAULTS_ROLLOUT_UNITS="1",
    ).await_ready()
    most = 0

    def done() -> bool:
        nonlocal most
        scene.pods_answer()
        served = list(images(scene).values())
        most = max(most, len(served) - len(NAMES))
        return served == [NEW_IMAGE] * len(NAMES)

    eventually(lambda: scene.waiting_for_their_turn(NAMES) == 2, lambda: images(scene))
    eventually(done, lambda: images(scene))
    assert most == 1, "one model at once has pods of two revisions"
    eventually(lambda: scene.waiting_for_their_turn(NAMES) == 0)
