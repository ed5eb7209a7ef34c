"""What a real API server makes of the pods' limits of disk: it sets nothing aside for them."""

import json
from typing import Any

import pytest

from hack.cluster.kubectl import Kubectl
from inference_operator.planning.planner import plan
from tests.unit.planning.seen import DEFAULTS, NOON
from tests.unit.resources.inputs import case, seen_of

pytestmark = pytest.mark.integration

DISK = "ephemeral-storage"
MODEL = {"source": {"uri": "https://store.example/spread.onnx"}, "format": "onnx"}


def template(**resources: Any) -> dict[str, Any]:
    body = case("spread", model=MODEL, resources=resources)
    done = plan(seen_of(body), DEFAULTS, NOON)
    written = [a.manifest for a in done.actions if hasattr(a, "manifest")]
    (pod_template,) = (m["spec"]["template"] for m in written if m["kind"] == "Deployment")
    return dict(pod_template)


def pod(kubectl: Kubectl, **resources: Any) -> dict[str, Any]:
    """Return the pod of the template as the API server would store it."""
    pod_template = template(**resources)
    metadata = {**pod_template["metadata"], "name": "spread", "namespace": "default"}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_template["spec"]}
    created = kubectl("create", "--dry-run=server", "-o=json", "-f", "-", stdin=json.dumps(body))
    stored: dict[str, Any] = json.loads(created)["spec"]
    return stored


def test_a_limit_of_the_operator_sets_no_disk_aside(kubectl: Kubectl) -> None:
    stored = pod(kubectl)
    loader, sidecar = stored["initContainers"]
    assert sidecar["resources"]["requests"][DISK] == "0"
    for container in (loader, *stored["containers"]):
        assert container["resources"]["requests"][DISK] == "0"
        assert container["resources"]["limits"][DISK] == "63Gi"
    sizes = {v["name"]: v["emptyDir"]["sizeLimit"] for v in stored["volumes"] if "emptyDir" in v}
    assert sizes == {"models": "41Gi", "tmp": "20Gi", "shm": "256Mi", "probe": "1Mi"}


def test_a_limit_of_the_spec_is_set_aside_as_it_always_was(kubectl: Kubectl) -> None:
    stored = pod(kubectl, limits={DISK: "90Gi"})
    (triton,) = stored["containers"]
    assert triton["resources"]["requests"][DISK] == "90Gi"
