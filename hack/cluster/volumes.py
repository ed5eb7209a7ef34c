"""Volumes of the local cluster's StorageClass: a folder of the host for each claim.

All nodes are on one host, so each node can mount each folder. The program that makes them is this
file, run by itself with the standard library: it outlives the command that brings up a cluster.
"""

import argparse
import http.client
import json
import shutil
import ssl
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLASS = "local"
USER = "system:volumes"
PROGRAM = "volumes"
_PROVISIONER = "inference-operator.local/folder"
_MADE_BY = "pv.kubernetes.io/provisioned-by"
_SECONDS = 1.0
_TIMEOUT = 10.0


def objects() -> list[dict[str, Any]]:
    """Return the StorageClass, and the rights of the program."""
    rbac = "rbac.authorization.k8s.io"
    read = ["get", "list"]
    return [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            # Not the default: tests and services bring volumes of their own for claims without one.
            "metadata": {"name": CLASS},
            "provisioner": _PROVISIONER,
            "reclaimPolicy": "Delete",
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": USER},
            "rules": [
                {"apiGroups": [""], "resources": ["persistentvolumeclaims"], "verbs": read},
                {
                    "apiGroups": [""],
                    "resources": ["persistentvolumes"],
                    "verbs": [*read, "create", "delete"],
                },
            ],
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": USER},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": USER},
            "subjects": [{"apiGroup": rbac, "kind": "User", "name": USER}],
        },
    ]


def command(server: str, authority: Path, pair: tuple[Path, Path], folder: Path) -> list[str]:
    """Return the command line of the program; `pair` is its certificate and key."""
    paths = [str(path) for path in (authority, *pair, folder)]
    return [sys.executable, "-I", str(Path(__file__).resolve()), server, *paths]


@dataclass(frozen=True, slots=True)
class Provisioner:
    """A program that looks each second for claims without a volume, and volumes without a claim."""

    server: str
    trust: ssl.SSLContext
    folder: Path

    def look(self) -> None:
        """Make the missing volumes, and remove the released ones."""
        volumes = self._ask("GET", "/api/v1/persistentvolumes")["items"]
        existing = {volume["metadata"]["name"] for volume in volumes}
        for claim in self._ask("GET", "/api/v1/persistentvolumeclaims")["items"]:
            if is_waiting(claim) and name_of(claim) not in existing:
                self._make(claim)
        for volume in volumes:
            if is_released(volume):
                self._remove(volume["metadata"]["name"])

    def _make(self, claim: Mapping[str, Any]) -> None:
        path = self.folder / name_of(claim)
        path.mkdir(parents=True, exist_ok=True)
        # Pods have any user, and the kubelet does not change the group of a folder of the host.
        path.chmod(0o777)
        self._ask("POST", "/api/v1/persistentvolumes", volume_for(claim, path))

    def _remove(self, name: str) -> None:
        shutil.rmtree(self.folder / name, ignore_errors=True)
        self._ask("DELETE", f"/api/v1/persistentvolumes/{name}")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        host = self.server.removeprefix("https://")
        connection = http.client.HTTPSConnection(host, timeout=_TIMEOUT, context=self.trust)
        headers = {"Content-Type": "application/json", "User-Agent": "hack-volumes"}
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        # Another look follows, so a conflict is no failure.
        if answer.status >= 300 and answer.status not in (404, 409):
            raise OSError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return json.loads(content)


def is_waiting(claim: Mapping[str, Any]) -> bool:
    """Return whether the claim asks for our class, and has no volume."""
    spec = claim["spec"]
    return spec.get("storageClassName") == CLASS and not spec.get("volumeName")


def is_released(volume: Mapping[str, Any]) -> bool:
    """Return whether the volume is ours, and its claim is gone."""
    made_by = (volume["metadata"].get("annotations") or {}).get(_MADE_BY)
    return made_by == _PROVISIONER and volume.get("status", {}).get("phase") == "Released"


def name_of(claim: Mapping[str, Any]) -> str:
    return f"pvc-{claim['metadata']['uid']}"


def volume_for(claim: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the volume of a claim, in a folder of the host."""
    meta, spec = claim["metadata"], claim["spec"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name_of(claim), "annotations": {_MADE_BY: _PROVISIONER}},
        "spec": {
            "storageClassName": CLASS,
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
            },
            "hostPath": {"path": str(path), "type": "Directory"},
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    for name in ("authority", "certificate", "key", "folder"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    trust = ssl.create_default_context(cafile=given.authority)
    trust.load_cert_chain(given.certificate, given.key)
    provisioner = Provisioner(given.server, trust, given.folder)
    while True:
        try:
            provisioner.look()
        except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
            print(f"{type(error).__name__}: {error}", flush=True)
        time.sleep(_SECONDS)


if __name__ == "__main__":
    main()
