"""Usual work of an ML engineer."""

import pytest

from tests.e2e.artifacts import linear_onnx
from tests.e2e.harness import ClusterHarness
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def test_deploy_and_predict(harness: ClusterHarness, namespace: str) -> None:
    since = harness.audit_position()
    served = harness.model(namespace).apply().wait_ready()
    assert served.predict() == [3.0, 5.0, 7.0, 9.0]
    writes = [w for w in harness.writes_of_operator(since) if namespace in w]
    statuses = [write for write in writes if "/status" in write]
    # Five children (the fifth has the digest of the artifact, which is not pinned), and an Event
    # that may be under way.
    assert 5 <= len(writes) - len(statuses) <= 6, writes
    # Started, loaded, Ready; and one at each stage that takes more than 20 s on a busy machine.
    assert 1 <= len(statuses) <= 7, writes
    status = served.status()
    assert status["phase"] == "Ready"
    assert status["model"]["version"] == "1"
    assert len(status["model"]["sha256"]) == 64, "the loader reports what it fetched"
    table = served.kubectl("get", "inferencemodels")
    assert "linear   True" in table
    assert any(event.startswith("Promoted: revision ") for event in served.events())


def test_the_same_manifest_applied_twice_changes_nothing(
    harness: ClusterHarness, namespace: str
) -> None:
    served = harness.model(namespace).apply().wait_ready()
    before, since = served.children(), harness.audit_position()
    served.apply()
    served.kubectl("label", "inferencemodel", "linear", "team=trading")
    eventually(lambda: "team" in served.kubectl("get", "imodel", "linear", "-o", "yaml"))
    assert served.predict() == [3.0, 5.0, 7.0, 9.0]
    assert [w for w in harness.writes_of_operator(since) if namespace in w] == []
    assert served.children() == before


def test_onnx_without_declared_tensors_and_without_batching(
    harness: ClusterHarness, namespace: str
) -> None:
    changes = {
        "spec.model.inputs": None,
        "spec.model.outputs": None,
        "spec.model.maxBatchSize": None,
        "spec.triton": {},
    }
    served = harness.model(namespace, **changes).apply().wait_ready()
    assert served.predict() == [3.0, 5.0, 7.0, 9.0]


def test_a_folder_on_a_volume_claim(
    harness: ClusterHarness, namespace: str, shared_folder: "object"
) -> None:
    from pathlib import Path

    folder = Path(str(shared_folder)) / "linear" / "7"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(linear_onnx(2.0, 1.0))
    _claim(harness, namespace, str(shared_folder))
    source = {"uri": "pvc://models/linear/7"}
    served = harness.model(namespace, **{"spec.model.source": source}).apply().wait_ready()
    assert served.predict() == [3.0, 5.0, 7.0, 9.0]
    harness.kubectl("delete", "persistentvolume", f"models-{namespace}", "--wait=false")


def _claim(harness: ClusterHarness, namespace: str, folder: str) -> None:
    capacity = {"storage": "1Gi"}
    harness.kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"models-{namespace}"},
            "spec": {
                "capacity": capacity,
                "accessModes": ["ReadWriteMany"],
                "storageClassName": "",
                "hostPath": {"path": folder},
                "claimRef": {"namespace": namespace, "name": "models"},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "models", "namespace": namespace},
            "spec": {
                "accessModes": ["ReadWriteMany"],
                "storageClassName": "",
                "resources": {"requests": capacity},
            },
        },
    )


def test_scale_by_kubectl(harness: ClusterHarness, namespace: str) -> None:
    served = harness.model(namespace).apply().wait_ready()
    served.kubectl("scale", "imodel/linear", "--replicas=3")
    eventually(lambda: served.status().get("readyReplicas") == 3, that="three ready replicas")
    served.wait_ready()
    assert len(served.pods()) == 3
    assert "PodDisruptionBudget/linear" in served.children()
    assert any("spec.replicas changed from 1 to 3" in event for event in served.events())
    served.kubectl("scale", "imodel/linear", "--replicas=0")
    eventually(lambda: served.pods() == [], that="no pods")
    assert served.condition("Ready")["reason"] == "ScaledToZero"
    served.kubectl("scale", "imodel/linear", "--replicas=1")
    eventually(lambda: served.status().get("readyReplicas") == 1)
    assert served.wait_ready().predict() == [3.0, 5.0, 7.0, 9.0]


def test_deletion_leaves_no_child(harness: ClusterHarness, namespace: str) -> None:
    served = harness.model(namespace, **{"spec.replicas": 2}).apply().wait_ready()
    assert len(served.children()) >= 7
    served.kubectl("delete", "imodel", "linear", "--timeout=30s")
    eventually(lambda: served.children() == [], that="no children")


def test_pods_pass_the_restricted_standard_and_mount_no_token(
    harness: ClusterHarness, namespace: str
) -> None:
    # The namespace enforces it; so does this look at what was admitted.
    served = harness.model(namespace).apply().wait_ready()
    (pod,) = harness.kubectl.get("pods", "-n", namespace, "-l", "inference.aipx.io/name=linear")[
        "items"
    ]
    assert pod["spec"]["automountServiceAccountToken"] is False
    for container in (*pod["spec"]["initContainers"], *pod["spec"]["containers"]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
        assert not any("serviceaccount" in mount for mount in mounts)
    assert served.holds("Available")
