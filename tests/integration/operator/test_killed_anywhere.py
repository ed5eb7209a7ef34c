"""The successor of an operator that is killed at any moment of a rollout completes the rollout."""

import time

import pytest

from tests.fakes.bodies import source
from tests.integration.operator.conftest import Start
from tests.integration.operator.harness import NAME, NamespaceHarness
from tests.integration.operator.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.long]

# A rollout's writes are over after a few hundred milliseconds; the last kills come after them.
MOMENTS = [0.0, *(0.02 * 1.25**number for number in range(19))]
ROLLOUT = {"scaleDownDelay": "1s"}


@pytest.mark.parametrize("seconds", MOMENTS, ids=lambda seconds: f"{seconds * 1e3:.0f} ms")
def test_a_successor_ends_the_rollout(
    start: Start, scene: NamespaceHarness, seconds: float
) -> None:
    first = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    first.await_ready()
    scene.apply(model=source(1), rollout=ROLLOUT)
    scene.await_pods(1)
    scene.await_ready()
    old = scene.served()

    scene.apply(model=source(2), rollout=ROLLOUT)
    time.sleep(seconds)
    first.kill()
    assert scene.served() == old, "no pod of the new revision has answered"

    second = start(INFERENCE_OPERATOR_NAMESPACES=scene.namespace)
    second.await_ready()
    scene.await_ready()
    eventually(lambda: scene.served() != old, lambda: second.log)
    eventually(
        lambda: (
            scene.kinds()
            == ["ConfigMap", "ControllerRevision", "ControllerRevision", "Deployment", "Service"]
        ),
        scene.kinds,
    )
    status = scene.model(NAME)["status"]
    assert status["stable"]["revision"] == scene.served()
    assert second.metric("inference_operator_errors_total") == 0, second.log
