"""The artifact behind an address changes while a revision serves: all its pods answer alike."""

from hashlib import sha256

import pytest

from tests.e2e.artifacts import linear_onnx
from tests.e2e.harness import ClusterHarness
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e
DOUBLE, TRIPLE = [3.0, 5.0, 7.0, 9.0], [3.0, 6.0, 9.0, 12.0]


def test_a_pod_with_another_artifact_never_answers(harness: ClusterHarness, namespace: str) -> None:
    place = f"changing/{namespace}.onnx"
    before, after = linear_onnx(2.0, 1.0), linear_onnx(3.0, 0.0)
    harness.store.upload_bytes(before, place)
    address = {"spec.model.source.uri": harness.store.uri(place)}
    served = harness.model(namespace, **address).apply().wait_ready()
    revision = served.stable()
    name = f"configmap/{served.name}-{revision}.digests"
    eventually(lambda: served.kubectl("get", name, "-o", "name", "--ignore-not-found"), that="it")

    harness.store.upload_bytes(after, place)
    served.apply(**{**address, "spec.replicas": 2})
    message = served.wait_reason("Ready", "ArtifactsDiffer")
    assert sha256(before).hexdigest() in message
    assert sha256(after).hexdigest() in message
    assert served.status()["model"]["sha256"] == sha256(before).hexdigest()
    assert "spec.model.source.sha256" in message
    assert {tuple(served.predict()) for _ in range(20)} == {tuple(DOUBLE)}
    eventually(
        lambda: any(event.startswith("ArtifactsDiffer") for event in served.events()),
        that="an Event",
    )

    pinned = {"spec.model.source.sha256": sha256(after).hexdigest()}
    served.apply(**{**address, "spec.replicas": 2, **pinned})
    served.wait_ready()
    served.wait_answer(TRIPLE)
