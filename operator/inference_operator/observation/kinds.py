"""The kinds that the operator watches."""

from inference_operator.api.base import API_VERSION
from inference_operator.api.custom_resources import CUSTOM_RESOURCES
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.body import Body
from inference_operator.domain.names import (
    CHILD_SELECTOR,
    FIELD_MANAGER,
    MANAGED_BY_LABEL,
    TRACK_LABEL,
)

UNITS = tuple(ApiResource(API_VERSION, unit.plural, unit.kind) for unit in CUSTOM_RESOURCES)
INFERENCE_MODEL, ENSEMBLE_PIPELINE = UNITS
UNIT_BY_KIND = {resource.kind: resource for resource in UNITS}
NODE = ApiResource("v1", "nodes", "Node", namespaced=False)
NAMESPACE = ApiResource("v1", "namespaces", "Namespace", namespaced=False)
EVENT = ApiResource("v1", "events", "Event")

_GATEWAY_API = "gateway.networking.k8s.io/v1"
ROUTES = (
    ApiResource(_GATEWAY_API, "httproutes", "HTTPRoute"),
    ApiResource(_GATEWAY_API, "grpcroutes", "GRPCRoute"),
)
ENDPOINT_SLICE = ApiResource("discovery.k8s.io/v1", "endpointslices", "EndpointSlice")
OF_GATEWAYS = (*ROUTES, ENDPOINT_SLICE)

CHILDREN = (
    ApiResource("apps/v1", "controllerrevisions", "ControllerRevision"),
    ApiResource("v1", "configmaps", "ConfigMap"),
    ApiResource("apps/v1", "deployments", "Deployment"),
    ApiResource("v1", "services", "Service"),
    ApiResource("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    ApiResource("v1", "pods", "Pod"),
    *OF_GATEWAYS,
)
CHILD_BY_KIND = {resource.kind: resource for resource in CHILDREN}

# All objects of these kinds are watched, also foreign ones: a name conflict must be known before
# the object is overwritten.
WATCHED_WHOLE = ("PodDisruptionBudget", "Service")

# Kinds whose names do not contain a revision: two units may want the same one.
NAMED_AFTER_UNITS = (*WATCHED_WHOLE, *(resource.kind for resource in ROUTES))

# A Role cannot grant access to these kinds. Only the fallback to the CPU and the annotation that
# freezes rollouts need them.
OF_THE_CLUSTER = (NODE, NAMESPACE)

# Kinds that the operator can work without. Not every cluster has the Gateway API.
OPTIONAL = tuple(resource.kind for resource in (*OF_THE_CLUSTER, *OF_GATEWAYS))


def selector_of(resource: ApiResource) -> str:
    """Return the label selector of a kind's watch."""
    if resource.kind == ENDPOINT_SLICE.kind:
        return TRACK_LABEL
    is_selected = resource.kind in CHILD_BY_KIND and resource.kind not in WATCHED_WHOLE
    return CHILD_SELECTOR if is_selected else ""


def is_labelled(body: Body) -> bool:
    """Return whether an object is labelled as our child."""
    return bool((body["metadata"].get("labels") or {}).get(MANAGED_BY_LABEL) == FIELD_MANAGER)
