"""What tests of both kinds do with a custom resource: apply it, and write its status."""

import json
from typing import Any

from hack.cluster.kubectl import Kubectl

READY_STATUS: dict[str, Any] = {
    "phase": "Ready",
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-03-01T12:00:00Z",
            "reason": "Ready",
            "message": "2 of 2 pods answer",
        }
    ],
    "displayReason": "Ready",
    "displayVersion": "5d4c8f7b6a",
    "displayReplicas": "2/2",
    "model": {"version": "1", "uri": "https://models.example.com/served.onnx"},
    "stable": {"revision": "5d4c8f7b6a", "replicas": 2, "ready": 2},
    "replicas": 2,
    "readyReplicas": 2,
}


def apply(kubectl: Kubectl, namespace: str, body: dict[str, Any], *options: str) -> None:
    """`kubectl apply`, which refuses fields that the CRD does not know."""
    arguments = ("apply", "--server-side", "--validate=strict", "-n", namespace, *options)
    kubectl(*arguments, "-f", "-", stdin=json.dumps(body))


def patch_status(kubectl: Kubectl, namespace: str, name: str, status: dict[str, Any]) -> None:
    """As the operator does; `name` is KIND/NAME."""
    target = (name, "-n", namespace, "--subresource=status", "--type=merge")
    # It may be too long for an argument.
    kubectl("patch", *target, "--patch-file=/dev/stdin", stdin=json.dumps({"status": status}))
