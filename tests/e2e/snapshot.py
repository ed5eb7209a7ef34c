"""A snapshot of units, with all that a change of the operator must leave as it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hack.cluster.kubectl import Kubectl
from tests.e2e.served import Served
from tests.e2e.upgraded import new_revision

_KINDS = "controllerrevision,configmap,deployment,replicaset,service,poddisruptionbudget"
_OURS = "app.kubernetes.io/managed-by=inference-operator"


@dataclass(frozen=True)
class Snapshot:
    """What runs, what it was made from, and what was decided."""

    pods: dict[str, dict[str, tuple[int, str]]]
    """Restarts and id of each container, by the pod's kind, name and uid."""

    children: dict[str, str]
    """The version of each child, by its kind, name and uid."""

    rollouts: dict[str, dict[str, Any]]
    """The part of each unit's status that rollouts continue from."""

    @classmethod
    def of(cls, units: Iterable[Served]) -> "Snapshot":
        """Take a snapshot of all units of one namespace."""
        every = tuple(units)
        cluster, where = every[0].cluster, ("-n", every[0].namespace, "-l", _OURS)
        return cls(
            pods={_identity(pod): _containers(pod) for pod in _items(cluster, "pod", where)},
            children={_identity(body): _version(body) for body in _items(cluster, _KINDS, where)},
            rollouts={f"{unit.kind}/{unit.name}": _rollout(unit) for unit in every},
        )


def _items(cluster: Kubectl, kinds: str, where: tuple[str, ...]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = cluster.get(kinds, *where)["items"]
    return items


def _identity(body: dict[str, Any]) -> str:
    return f"{body['kind']}/{body['metadata']['name']} {body['metadata']['uid']}"


def _containers(pod: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """Return restarts and id of each container; none while the pod waits for a node."""
    status = pod["status"]
    started = (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
    return {each["name"]: (each["restartCount"], each["containerID"]) for each in started}


def _version(body: dict[str, Any]) -> str:
    """Return what a write changes that may restart pods or lead clients elsewhere."""
    match body["kind"]:
        case "ControllerRevision" | "ConfigMap":
            # Not even Kubernetes writes them after their creation.
            return str(body["metadata"]["resourceVersion"])
        case "Deployment" | "ReplicaSet":
            return str(body["metadata"]["generation"])
        case "Service":
            return str(body["spec"]["selector"])
        case _:
            return ""


def _rollout(unit: Served) -> dict[str, Any]:
    status = unit.status()
    rollout = status.get("rollout") or {}
    return {
        "serves": unit.stable(),
        "starts": new_revision(unit),
        "since": rollout.get("since"),
        "previous": rollout.get("previous"),
        "promotedAt": rollout.get("promotedAt"),
        "decisions": [(each["time"], each["reason"]) for each in status["decisions"]],
    }
