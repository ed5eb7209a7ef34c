"""A model of format custom on the cluster: its file, its readiness, its answer, and its rollout."""

import pytest

from tests.e2e.harness import ClusterHarness

pytestmark = pytest.mark.e2e
LINEAR, TRIPLE = [3.0, 5.0, 7.0, 9.0], [3.0, 6.0, 9.0, 12.0]
CUSTOM = {
    "spec.model.format": "custom",
    # The image has it as a Python-based backend, which declares the tensors of the graph.
    "spec.model.backend": "onnxruntime",
    "spec.model.inputs": None,
    "spec.model.outputs": None,
}


def test_a_model_of_another_backend_is_served_and_rolled_out(
    harness: ClusterHarness, namespace: str
) -> None:
    served = harness.model(namespace).apply(**CUSTOM).wait_ready()
    served.wait_answer(LINEAR)
    served.apply(**{"spec.model.source.uri": harness.store.uri("triple/model.onnx")})
    served.wait_ready()
    served.wait_answer(TRIPLE)
