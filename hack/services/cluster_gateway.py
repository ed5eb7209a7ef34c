"""The prediction gateway and its Redis in a cluster, from manifests/gateway and manifests/redis."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from hack.cluster.kubectl import Kubectl
from hack.cluster.target import Target
from hack.images.catalog import Built, build
from hack.overlays import rendered
from hack.product import ROOT

NAME = "inference-gateway"
PORT = 8005
SETTINGS = ROOT / "manifests" / "gateway" / "settings.yaml"
DEPLOYMENTS = (f"deployment/{NAME}", "deployment/redis")
KEYS = "inference-gateway-keys"
_SCOPES = "predict,features:write,truths:write,metrics:read"


def gateway_images(on: Target) -> list[Built]:
    """Build what is missing of the gateway's and Redis' images, and give both to the cluster."""
    images = [build("gateway"), build("redis")]
    on.load_images([image.archive for image in images])
    return images


def keys_secret(namespace: str, keys: Mapping[str, str]) -> dict[str, Any]:
    """Return the Secret of the gateway's keys, by their names. Each may do everything."""
    hashes = {name: hashlib.sha256(key.encode()).hexdigest() for name, key in keys.items()}
    lines = "".join(f"{name} {digest} {_SCOPES}\n" for name, digest in hashes.items())
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": KEYS, "namespace": namespace},
        "stringData": {"keys": lines},
    }


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
        self.kubectl.apply(keys_secret(self.namespace, {"demo": key} if key else {}))
        text = self._rendered(images, settings)
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
        for each in DEPLOYMENTS:
            self.kubectl("rollout", "status", each, "-n", self.namespace, "--timeout=180s")

    def address(self) -> str:
        """Return HOST:PORT for this machine, which has a route to the cluster's Services."""
        service = self.kubectl.get("service", NAME, "-n", self.namespace)
        return f"{service['spec']['clusterIP']}:{PORT}"

    def _rendered(self, images: list[Built], settings: str) -> str:
        """Return the manifests with images that the cluster has, as an overlay changes them."""
        overlay: dict[str, Any] = {
            "namespace": self.namespace,
            "resources": ["../gateway", "../redis"],
            "images": [_renamed(image) for image in images],
        }
        if settings:
            overlay["patches"] = [_settings_patch(settings)]
        return rendered(overlay)


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
