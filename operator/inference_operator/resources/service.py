"""The Service for clients, which selects the pods of the serving revision."""

from collections.abc import Mapping
from typing import Any

from inference_operator.domain.names import REVISION_LABEL, headless_name, revision_selector
from inference_operator.domain.serving_unit import Owner
from inference_operator.resources.metadata import Manifest, unit_metadata
from inference_operator.resources.pod import GRPC_PORT, HTTP_PORT, METRICS_PORT


def service(owner: Owner, revision: str) -> Manifest:
    """Return the Service with HTTP on 8000, gRPC on 8001 and metrics on 8002, as Triton's clients
    expect."""
    key = owner.key
    ports = {"http": HTTP_PORT, "grpc": GRPC_PORT, "metrics": METRICS_PORT}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": unit_metadata(owner, key.name),
        "spec": {
            "type": "ClusterIP",
            "selector": revision_selector(key.kind, key.name, revision),
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


def selected_revision(manifest: Mapping[str, Any]) -> str | None:
    """Return the revision that a live Service sends its clients to."""
    selector = manifest.get("spec", {}).get("selector") or {}
    revision = selector.get(REVISION_LABEL)
    return revision if isinstance(revision, str) else None


def service_url(owner: Owner) -> str:
    """Return the address of Triton's HTTP endpoint for clients within the cluster."""
    return f"http://{owner.key.name}.{owner.key.namespace}.svc:{HTTP_PORT}"


def service_grpc_address(owner: Owner) -> str:
    """Return the address of Triton's gRPC endpoint for clients within the cluster."""
    return f"{owner.key.name}.{owner.key.namespace}.svc:{GRPC_PORT}"
