"""The prediction gateway and its Redis in a cluster, from manifests/gateway and manifests/redis."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hack.cluster.kubectl import Kubectl
from hack.cluster.target import Target
from hack.images.catalog import Built, build
from hack.product import ROOT
from inference_operator.domain.kubectl_yaml import write_manifests

NAME = "inference-gateway"
PORT = 8005
SETTINGS = ROOT / "manifests" / "gateway" / "settings.yaml"
DEPLOYMENTS = (f"deployment/{NAME}", "deployment/redis")
_KEYS = "inference-gateway-keys"


def gateway_images(on: Target) -> list[Built]:
    """Build what is missing of the gateway's and Redis' images, and give both to the cluster."""
    images = [build("gateway"), build("redis")]
    on.load_images([image.archive for image in images])
    return images


def settings_of(routes: Mapping[str, Any], **sections: Any) -> str:
    """Return the shipped settings with these routes only, and other sections replaced."""
    shipped: dict[str, Any] = yaml.safe_load(SETTINGS.read_text())
    absent = dict.fromkeys(shipped["routes"])
    return yaml.safe_dump({**shipped, **sections, "routes": {**absent, **routes}})


@dataclass(frozen=True, slots=True)
class ClusterGateway:
    """The gateway of a namespace."""

    kubectl: Kubectl
    namespace: str

    def deploy(self, images: list[Built], settings: str = "", key: str = "") -> None:
        """Apply both, and wait until the gateway is ready. `key` may do everything; `settings` is
        the whole file in place of the shipped one."""
        scopes = "predict,features:write,truths:write,metrics:read"
        line = f"demo {hashlib.sha256(key.encode()).hexdigest()} {scopes}\n" if key else ""
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": _KEYS, "namespace": self.namespace},
            "stringData": {"keys": line},
        }
        self.kubectl.apply(secret)
        rendered = self._rendered(images, settings)
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=rendered)
        for each in DEPLOYMENTS:
            self.kubectl("rollout", "status", each, "-n", self.namespace, "--timeout=180s")

    def address(self) -> str:
        """Return HOST:PORT for this machine, which has a route to the cluster's Services."""
        service = self.kubectl.get("service", NAME, "-n", self.namespace)
        return f"{service['spec']['clusterIP']}:{PORT}"

    def _rendered(self, images: list[Built], settings: str) -> str:
        """Return the manifests with images that the cluster has, as an overlay changes them."""
        folder = ROOT / "manifests"
        with tempfile.TemporaryDirectory(dir=folder, prefix=".overlay-") as overlay:
            body: dict[str, Any] = {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "namespace": self.namespace,
                "resources": ["../gateway", "../redis"],
                "images": [_renamed(image) for image in images],
            }
            if settings:
                body["patches"] = [_settings_patch(settings)]
            (Path(overlay) / "kustomization.yaml").write_text(write_manifests([body]))
            return self.kubectl("kustomize", overlay)


def _renamed(image: Built) -> dict[str, str]:
    name, _, tag = image.ref.rpartition(":")
    return {"name": name, "newTag": tag}


def _settings_patch(settings: str) -> dict[str, Any]:
    """Return a patch of the generated ConfigMap, whose hash then follows from it."""
    patch = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "inference-gateway-settings"},
        "data": {"settings.yaml": settings},
    }
    return {"patch": json.dumps(patch)}
