"""Pods that are refused, that no node takes, or whose containers cannot be created."""

from typing import Any

from tests.broken.situation import NAMESPACE, Situation

_IMAGE = "spec.triton.image"


def _env(kind: str, name: str, key: str) -> dict[str, Any]:
    return {
        "spec.triton.env": [
            {"name": "FEED", "valueFrom": {f"{kind}KeyRef": {"name": name, "key": key}}}
        ]
    }


def _config(kind: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "feed"},
        "data": {"other": "eA=="},
    }


REFUSED_PODS = (
    Situation(
        "a ServiceAccount that does not exist",
        "PodRefused",
        'pods are refused: …serviceaccount "nobody" not found; create the ServiceAccount in'
        " namespace NAMESPACE, or correct spec.serviceAccountName",
        "create the ServiceAccount, or correct `serviceAccountName`",
        {"spec.serviceAccountName": "nobody"},
    ),
    Situation(
        "a PriorityClass that does not exist",
        "PodRefused",
        "pods are refused: …no PriorityClass with name urgent was found; correct"
        " spec.placement.priorityClassName",
        "correct `placement.priorityClassName`, or ask for the PriorityClass",
        {"spec.placement": {"priorityClassName": "urgent"}},
    ),
    Situation(
        "a RuntimeClass that does not exist",
        "PodRefused",
        'pods are refused: …RuntimeClass "gvisor" not found; correct'
        " spec.placement.runtimeClassName",
        "correct `placement.runtimeClassName`, or ask for the RuntimeClass",
        {"spec.placement": {"runtimeClassName": "gvisor"}},
    ),
    Situation(
        "a quota that is used up",
        "PodRefused",
        "pods are refused: …exceeded quota: no-cpus…; lower spec.replicas or spec.resources, or"
        " ask for a larger ResourceQuota; see `kubectl -n NAMESPACE describe resourcequota`",
        "lower `replicas` or `resources`, or ask for a larger quota",
        {"spec.resources": {"requests": {"cpu": "4", "memory": "64Mi"}}},
        is_confined=True,
    ),
    Situation(
        "more memory than a LimitRange allows",
        "PodRefused",
        "pods are refused: …maximum memory usage per Container is 2Gi…; change"
        " spec.resources.requests and limits so that they fit, or ask for another limit in the"
        " LimitRange",
        "lower `resources.limits`, or ask for another LimitRange",
        {
            "spec.resources": {
                "requests": {"cpu": "10m", "memory": "64Mi"},
                "limits": {"memory": "3Gi"},
            }
        },
        is_confined=True,
    ),
)

UNPLACED = (
    Situation(
        "more CPUs than a node has",
        "Unschedulable",
        "no node accepts the pod: 0/1 nodes are available: 1 Insufficient cpu; lower"
        " spec.resources.requests or spec.replicas, or add a node",
        "lower `resources.requests`, or add a node",
        {"spec.resources": {"requests": {"cpu": "1000", "memory": "64Mi"}}},
    ),
    Situation(
        "more memory than a node has",
        "Unschedulable",
        "no node accepts the pod: 0/1 nodes are available: 1 Insufficient memory; lower"
        " spec.resources.requests or spec.replicas, or add a node",
        "lower `resources.requests`, or add a node",
        {"spec.resources": {"requests": {"cpu": "10m", "memory": "9Ti"}}},
    ),
    Situation(
        "a label that no node has",
        "Unschedulable",
        "no node accepts the pod: 0/1 nodes are available: 1 node(s) didn't match Pod's node"
        " affinity/selector; correct spec.placement, or label a node",
        "correct `placement`, or label a node",
        {"spec.placement": {"nodeSelector": {"disk": "unobtainium"}}},
    ),
    Situation(
        "a GPU that no node has",
        "GPUUnavailable",
        "no node offers nvidia.com/gpu (1 node checked): 0/1 nodes are available: 1 Insufficient"
        " nvidia.com/gpu; add a node that does, or set spec.accelerator.whenUnavailable to UseCPU",
        "add a node with GPUs and its device plugin, or set `accelerator.whenUnavailable: UseCPU`",
        {"spec.accelerator": {"count": 1}},
    ),
)

IMAGES = (
    Situation(
        "an image of a registry that does not exist",
        "ImagePullFailed",
        "image registry.nowhere.invalid/triton:1 cannot be pulled: …; correct spec.triton.image",
        "correct `triton.image`, or let the nodes reach its registry",
        {_IMAGE: "registry.nowhere.invalid/triton:1"},
    ),
    Situation(
        "capitals in the name of an image",
        "ImagePullFailed",
        "registry.nowhere.invalid/NVIDIA/triton:1 is not the name of an image: …lowercase…;"
        " correct spec.triton.image, as HOST/REPOSITORY:TAG with a repository in lower case",
        "write the repository in lower case",
        {_IMAGE: "registry.nowhere.invalid/NVIDIA/triton:1"},
    ),
    Situation(
        "an image without Triton",
        "CrashLoop",
        'image … does not start in pod POD: exec: "tritonserver": executable file not found in'
        " $PATH: unknown; name an image with `tritonserver` in"
        " spec.triton.image",
        "name a Triton image in `triton.image`",
        {_IMAGE: "OPERATOR_IMAGE"},
    ),
)

ENVIRONMENTS = (
    Situation(
        "a Secret of the environment that does not exist",
        "PodRefused",
        "spec.triton.env[FEED].valueFrom.secretKeyRef: Secret absent does not exist in namespace"
        f" {NAMESPACE}; create it, or name another one",
        "create the Secret, or correct `triton.env`",
        _env("secret", "absent", "token"),
    ),
    Situation(
        "a key that the Secret of the environment does not have",
        "PodRefused",
        "spec.triton.env[FEED].valueFrom.secretKeyRef: Secret feed has no key token; add it, or"
        " name another key",
        "add the key to the Secret, or correct `triton.env`",
        _env("secret", "feed", "token"),
        objects=(_config("Secret"),),
    ),
    Situation(
        "a ConfigMap of the environment that does not exist",
        "PodRefused",
        "spec.triton.env[FEED].valueFrom.configMapKeyRef: ConfigMap absent does not exist in"
        f" namespace {NAMESPACE}; create it, or name another one",
        "create the ConfigMap, or correct `triton.env`",
        _env("configMap", "absent", "token"),
    ),
    Situation(
        "a key that the ConfigMap of the environment does not have",
        "PodRefused",
        "spec.triton.env[FEED].valueFrom.configMapKeyRef: ConfigMap feed has no key token; add it,"
        " or name another key",
        "add the key to the ConfigMap, or correct `triton.env`",
        _env("configMap", "feed", "token"),
        objects=(_config("ConfigMap"),),
    ),
)

NAMES = (
    Situation(
        "a Service of somebody else with the name",
        "ChildRefused",
        "Service/a-service-of-somebody-else-with-the-name exists and belongs to another owner",
        "delete or rename the other Service, or rename the model",
        objects=(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "a-service-of-somebody-else-with-the-name"},
                "spec": {"selector": {"app": "theirs"}, "ports": [{"port": 80}]},
            },
        ),
    ),
)
