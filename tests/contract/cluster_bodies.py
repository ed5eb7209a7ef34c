"""Bodies that the contract of a cluster writes."""

from typing import Any

from inference_operator.domain.names import FIELD_MANAGER, MANAGED_BY_LABEL
from inference_operator.observation.kinds import CHILD_BY_KIND
from tests.contract.conftest import Ground

CONFIG_MAP = CHILD_BY_KIND["ConfigMap"]
SERVICE = CHILD_BY_KIND["Service"]
DEPLOYMENT = CHILD_BY_KIND["Deployment"]
OURS = {MANAGED_BY_LABEL: FIELD_MANAGER}


def meta(ground: Ground, name: str = "tape", **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": ground.namespace, "labels": OURS, **more}


def config_map(ground: Ground, text: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(ground),
        "data": {"ticks": text},
        **more,
    }


def service(ground: Ground, selector: dict[str, str], **more: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 8000, "targetPort": "http", "protocol": "TCP"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(ground, **more),
        "spec": {"type": "ClusterIP", "selector": selector, "ports": ports},
    }


def deployment(ground: Ground, replicas: int, **containers: Any) -> dict[str, Any]:
    labels = {"app": "tape"}
    container = {"name": "triton", "image": "registry.example/triton:1", **containers}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(ground),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def version(body: dict[str, Any]) -> int:
    return int(body["metadata"]["resourceVersion"])
