"""The Service for clients, which selects the pods of the serving revision, and the two Services
that routes lead to."""

from collections.abc import Mapping
from typing import Any

from inference_operator.domain.names import (
    NAME_LABEL,
    REVISION_LABEL,
    TRACK_LABEL,
    Backend,
    headless_name,
    revision_selector,
    track_service_name,
    unit_selector,
)
from inference_operator.domain.serving_unit import Owner
from inference_operator.resources.metadata import Manifest, unit_metadata
from inference_operator.resources.pod import GRPC_PORT, HTTP_PORT, METRICS_PORT


def service(owner: Owner, revision: str | None, stable: str | None = None) -> Manifest:
    """Return the Service with HTTP on 8000, gRPC on 8001 and metrics on 8002, as Triton's clients
    expect. Without a revision, it selects all pods of the unit, and a label names the stable
    revision: a lost status is read from it."""
    metadata = unit_metadata(owner, owner.key.name)
    if revision is None and stable is not None:
        metadata = {**metadata, "labels": {**metadata["labels"], REVISION_LABEL: stable}}
    return _service(owner, metadata, revision)


def track_service(owner: Owner, backend: Backend, revision: str) -> Manifest:
    """Return NAME-stable or NAME-canary, with the same ports."""
    metadata = unit_metadata(owner, track_service_name(owner.key.name, backend))
    labels = {**metadata["labels"], TRACK_LABEL: str(backend)}
    return _service(owner, {**metadata, "labels": labels}, revision)


def headless_service(owner: Owner, main: Manifest) -> Manifest:
    """Return the Service without an address, with the pods and ports of the unit's Service `main`.

    Its DNS name gives the addresses of the ready pods.
    """
    headless = {"clusterIP": "None", "publishNotReadyAddresses": False}
    return {
        **main,
        "metadata": unit_metadata(owner, headless_name(owner.key.name)),
        "spec": {**main["spec"], **headless},
    }


def _service(owner: Owner, metadata: Manifest, revision: str | None) -> Manifest:
    key = owner.key
    ports = {"http": HTTP_PORT, "grpc": GRPC_PORT, "metrics": METRICS_PORT}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "type": "ClusterIP",
            "selector": revision_selector(key.kind, key.name, revision)
            if revision
            else unit_selector(key.kind, key.name),
            "ports": [
                {
                    "name": name,
                    "port": port,
                    "targetPort": name,
                    "protocol": "TCP",
                    **({"appProtocol": "kubernetes.io/h2c"} if name == "grpc" else {}),
                }
                for name, port in ports.items()
            ],
        },
    }


def selects_all(manifest: Mapping[str, Any]) -> bool:
    """Return whether a live Service selects the pods of all revisions of a unit."""
    selector = manifest.get("spec", {}).get("selector") or {}
    return NAME_LABEL in selector and REVISION_LABEL not in selector


def selected_revision(manifest: Mapping[str, Any]) -> str | None:
    """Return the revision that a live Service sends its clients to."""
    selector = manifest.get("spec", {}).get("selector") or {}
    revision = selector.get(REVISION_LABEL)
    return revision if isinstance(revision, str) else None


def stable_revision(manifest: Mapping[str, Any]) -> str | None:
    """Return the stable revision that a live Service names, which selects the pods of all."""
    revision = (manifest["metadata"].get("labels") or {}).get(REVISION_LABEL)
    return revision if isinstance(revision, str) else None


def service_url(owner: Owner) -> str:
    """Return the address of Triton's HTTP endpoint for clients within the cluster."""
    return f"http://{owner.key.name}.{owner.key.namespace}.svc:{HTTP_PORT}"


def service_grpc_address(owner: Owner) -> str:
    """Return the address of Triton's gRPC endpoint for clients within the cluster."""
    return f"{owner.key.name}.{owner.key.namespace}.svc:{GRPC_PORT}"
