"""Nodes that kwok plays: pods bound to them become Ready at once, and nothing runs."""

from pathlib import Path
from typing import Any

from hack.cluster.control_plane import ControlPlane

_STAGES = Path(__file__).with_name("kwok_stages.yaml")


def kwok(plane: ControlPlane) -> list[str]:
    """Return the command line of kwok with our stages."""
    return [
        str(plane.binaries["kwok"]),
        f"--kubeconfig={plane.kubeconfig('system:kwok', 'system:masters')}",
        f"--config={_STAGES}",
        # Without a heartbeat the node, and with it every pod, is NotReady after 50 s.
        "--node-lease-duration-seconds=40",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
    ]


def nodes(count: int) -> list[dict[str, Any]]:
    """Return the manifests of empty, endless nodes."""
    return [_node(f"fake-{number}") for number in range(1, count + 1)]


def _node(name: str) -> dict[str, Any]:
    room = {"cpu": "100k", "memory": "1Pi", "pods": "100k"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"type": "kwok", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
        },
        "status": {"allocatable": room, "capacity": room},
    }
