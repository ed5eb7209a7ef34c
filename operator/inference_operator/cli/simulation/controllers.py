"""Kubernetes' controllers and the gateway in a simulated cluster."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from inference_operator.api.conditions import format_time
from inference_operator.cli.simulation.cluster import SimulatedCluster
from inference_operator.domain.names import TRACK_LABEL
from inference_operator.observation.kinds import ENDPOINT_SLICE, ROUTES
from inference_operator.observation.projection import SERVICE_NAME_LABEL

Body = Mapping[str, Any]


def run_controllers(
    cluster: SimulatedCluster, now: datetime, load_time: timedelta
) -> datetime | None:
    """Start and end pods as the Deployments ask for, and report what is ready; return when the
    next pod will be ready.

    A pod is ready `load_time` after its creation. Pods end at once. The gateway takes over each
    route at once.
    """
    _run_pods(cluster, now, load_time)
    for deployment in cluster.all("Deployment"):
        _scale(cluster, deployment, now)
    for service in cluster.all("Service"):
        if TRACK_LABEL in (service["metadata"].get("labels") or {}):
            cluster.put(_endpoints(cluster, service))
    for resource in ROUTES:
        for route in cluster.all(resource.kind):
            cluster.put({**route, "status": _acceptance(route)})
    starting = (pod for pod in cluster.all("Pod") if not is_ready(pod))
    return min((_created(pod) + load_time for pod in starting), default=None)


def _run_pods(cluster: SimulatedCluster, now: datetime, load_time: timedelta) -> None:
    """Let pods become ready, and end those without a Deployment."""
    names = {_place(body) for body in cluster.all("Deployment")}
    for pod in cluster.all("Pod"):
        if (pod["metadata"]["namespace"], _deployment_of(pod)) not in names:
            cluster.remove(pod)
        elif not is_ready(pod) and _created(pod) + load_time <= now:
            cluster.put({**pod, "status": _status(pod, now)})


def is_ready(pod: Body) -> bool:
    """Return whether the pod's model answers."""
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _scale(cluster: SimulatedCluster, deployment: Body, now: datetime) -> None:
    namespace, name = _place(deployment)
    replicas = deployment["spec"]["replicas"]
    pods = [pod for pod in cluster.all("Pod") if _deployment_of(pod) == name]
    pods = [pod for pod in pods if pod["metadata"]["namespace"] == namespace]
    # As a ReplicaSet does: pods that are not ready end first, then the newest.
    kept = sorted(pods, key=lambda pod: (not is_ready(pod), _number(pod)))
    for pod in kept[replicas:]:
        cluster.remove(pod)
    free = max((_number(pod) for pod in pods), default=-1) + 1
    for number in range(free, free + replicas - len(pods)):
        cluster.put(_pod(deployment, number, now))
    ready = sum(map(is_ready, kept[:replicas]))
    cluster.put({**deployment, "status": {"replicas": replicas, "readyReplicas": ready}})


def _pod(deployment: Body, number: int, now: datetime) -> Body:
    namespace, name = _place(deployment)
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    meta = {"name": f"{name}-{number}", "namespace": namespace, "labels": labels}
    status = {"phase": "Pending", "startTime": format_time(now), "conditions": []}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": status}


def _status(pod: Body, now: datetime) -> Body:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": format_time(now)}
    return {**pod["status"], "phase": "Running", "conditions": [ready]}


def _endpoints(cluster: SimulatedCluster, service: Body) -> Body:
    """Return the EndpointSlice of a Service that routes lead to."""
    namespace, name = _place(service)
    selector = service["spec"]["selector"].items()
    pods = [pod for pod in cluster.all("Pod") if selector <= pod["metadata"]["labels"].items()]
    endpoints = [
        {
            "addresses": ["192.0.2.7"],
            "conditions": {"ready": is_ready(pod)},
            "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"]},
        }
        for pod in pods
        if pod["metadata"]["namespace"] == namespace
    ]
    labels = {**service["metadata"]["labels"], SERVICE_NAME_LABEL: name}
    return {
        "apiVersion": ENDPOINT_SLICE.api_version,
        "kind": ENDPOINT_SLICE.kind,
        "metadata": {"name": f"{name}-simulated", "namespace": namespace, "labels": labels},
        "endpoints": endpoints,
    }


def _acceptance(route: Body) -> Body:
    conditions = [
        {
            "type": name,
            "status": "True",
            "reason": name,
            "message": "",
            "observedGeneration": route["metadata"]["generation"],
        }
        for name in ("Accepted", "ResolvedRefs")
    ]
    controller = "inference-operator/simulation"
    parents = [
        {"parentRef": parent, "controllerName": controller, "conditions": conditions}
        for parent in route["spec"]["parentRefs"]
    ]
    return {"parents": parents}


def _place(body: Body) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]


def _deployment_of(pod: Body) -> str:
    return str(pod["metadata"]["name"].rpartition("-")[0])


def _number(pod: Body) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _created(pod: Body) -> datetime:
    return datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
