"""MLflow in a cluster, from manifests/mlflow, with its data in a folder of the node."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hack.cluster.kubectl import Kubectl
from hack.product import ROOT

MANIFESTS = ROOT / "manifests" / "mlflow"
NAMESPACE = NAME = "mlflow"
PORT = 5000
URI = f"http://{NAME}.{NAMESPACE}.svc:{PORT}"
"""What pods, the operator's among them, know it by."""

_USER = 65532


@dataclass(frozen=True, slots=True)
class ClusterMlflow:
    """The server of one cluster; `data` is a folder that nodes see under the same path."""

    kubectl: Kubectl
    data: Path

    def deploy(self, image: str) -> None:
        """Bring it up with the image `hack.images` built, and wait until it answers."""
        # The kubelet gives a hostPath to nobody, whatever fsGroup says.
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chown(self.data, _USER, _USER)
        rendered = yaml.safe_load_all(self.kubectl("kustomize", str(MANIFESTS)))
        self.kubectl.apply(*(_with_image(body, image) for body in rendered), self._volume())
        self.scale(1)

    def scale(self, replicas: int) -> None:
        """Scale to 1 replica or to none, and wait; registered models stay."""
        self.kubectl("scale", *self._deployment, f"--replicas={replicas}")
        self.kubectl("rollout", "status", *self._deployment, "--timeout=180s")
        gone = ("--for=delete", "pod", "-l", f"app.kubernetes.io/name={NAME}")
        if not replicas:
            self.kubectl("wait", *gone, "-n", NAMESPACE, "--timeout=60s")

    def uri(self) -> str:
        """Return its address for this machine, which has a route to the cluster's Services."""
        service = self.kubectl.get("service", NAME, "-n", NAMESPACE)
        return f"http://{service['spec']['clusterIP']}:{PORT}"

    def remove(self) -> None:
        self.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")
        self.kubectl("delete", "persistentvolume", NAME, "--ignore-not-found")

    @property
    def _deployment(self) -> tuple[str, str, str]:
        return (f"deployment/{NAME}", "-n", NAMESPACE)

    def _volume(self) -> dict[str, Any]:
        """Return the volume that a storage class would create for the claim."""
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": NAME},
            "spec": {
                "capacity": {"storage": "10Gi"},
                "accessModes": ["ReadWriteOnce"],
                "hostPath": {"path": str(self.data)},
                "claimRef": {"namespace": NAMESPACE, "name": NAME},
            },
        }


def _with_image(body: dict[str, Any], image: str) -> dict[str, Any]:
    if body["kind"] == "Deployment":
        body["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return body
