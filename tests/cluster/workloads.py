"""Small workloads made of the sandbox image, the only one that every cluster has."""

from typing import Any

from hack.cluster.images import PAUSE_IMAGE
from hack.cluster.kubectl import Kubectl


def answering_pod(name: str, node: str | None = None) -> dict[str, Any]:
    """Return a pod that answers each TCP connection on 8080 with its own name."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "nodeSelector": {"kubernetes.io/hostname": node} if node else None,
            "containers": [_container()],
        },
    }


def service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def deployment(name: str, replicas: int) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [_container()]},
            },
        },
    }


def await_ready(kubectl: Kubectl, *pods: str) -> None:
    for pod in pods:
        kubectl("wait", "--for=condition=Ready", f"pod/{pod}", "--timeout=120s")


def dial(kubectl: Kubectl, pod: str, address: str) -> str:
    """Return the answer of `address` to a process in the pod."""
    return kubectl("exec", pod, "--", "/pause", "-dial", address).strip()


def _container() -> dict[str, Any]:
    return {
        "name": "main",
        "image": PAUSE_IMAGE,
        "imagePullPolicy": "Never",
        "args": ["-listen", ":8080"],
        "resources": {"limits": {"memory": "32Mi"}},
    }
