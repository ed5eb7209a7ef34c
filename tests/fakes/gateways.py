"""A fake gateway and a fake EndpointSlice controller beside the operator in a fake cluster."""

from collections.abc import Callable
from typing import Any

from inference_operator.domain.names import REVISION_LABEL, UnitKey
from tests.fakes.bodies import KEY, NAMESPACE, pod, source
from tests.fakes.cluster import Request
from tests.fakes.harness import OperatorHarness

Body = dict[str, Any]

ROUTES = ("HTTPRoute", "GRPCRoute")
PARENT = {"name": "public", "namespace": "gateways"}
STEPS = [{"setWeight": 100}]
HOST, GRPC_HOST = "fx.example.com", "fx-grpc.example.com"
_SERVICE_NAME = "kubernetes.io/service-name"
_TRACK = "inference.aipx.io/track"


def rollout(**changes: Any) -> Body:
    """Return `spec.rollout` with a gateway for both protocols; None removes a field of it."""
    gateway = {
        "parentRefs": [PARENT],
        "http": {"hostnames": [HOST]},
        "grpc": {"hostnames": [GRPC_HOST]},
        **changes,
    }
    kept = {key: value for key, value in gateway.items() if value is not None}
    return {"scaleDownDelay": "0s", "canary": {"steps": STEPS, "gateway": kept}}


def accepted(route: Body, **changes: Any) -> Body:
    """Return the status of a route that all its Gateways have taken over."""
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": kind,
            "message": "",
            "observedGeneration": route["metadata"]["generation"],
            **changes,
        }
        for kind in ("Accepted", "ResolvedRefs")
    ]
    parents = [
        {"parentRef": parent, "controllerName": "example.com/gateway", "conditions": conditions}
        for parent in route["spec"]["parentRefs"]
    ]
    return {"status": {"parents": parents}}


class GatewayHarness(OperatorHarness):
    """An operator, a gateway that answers on demand, and Services with endpoints."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: Callable[[Body], Body | None] = accepted
        """The gateway's status of a route; None while it does not answer."""

    def run_gateway(self) -> None:
        """Let the gateway answer for each route as it is written now."""
        for kind in ROUTES:
            for route in self.cluster.all(kind):
                changes = self.answer(route)
                if changes is not None and route.get("status") != changes["status"]:
                    self.cluster.edit(kind, route["metadata"]["name"], changes, "gateway")

    def run_deployments(self) -> None:
        """Run the Deployments' pods, the EndpointSlices of the Services, and the gateway."""
        super().run_deployments()
        self._run_pods()
        for service in self.cluster.all("Service"):
            if _TRACK in service["metadata"].get("labels", {}):
                self.run_endpoints(service)
        self.run_gateway()

    def _run_pods(self) -> None:
        names = {body["metadata"]["name"] for body in self.cluster.all("Pod")}
        running = set()
        for deployment in self.cluster.all("Deployment"):
            labels = deployment["spec"]["template"]["metadata"]["labels"]
            if not (deployment.get("status") or {}).get("readyReplicas"):
                continue
            name = f"{deployment['metadata']['name']}-0"
            running.add(name)
            if name not in names:
                body = pod(labels[REVISION_LABEL], name=name, ready=True)
                meta = {**body["metadata"], "labels": labels}
                self.cluster.apply_as("kubelet", {**body, "metadata": meta})
        for name in names - running:
            self.cluster.remove("Pod", name)

    def run_endpoints(self, service: Body) -> None:
        """Let the EndpointSlice of a Service follow its selector."""
        name, meta = f"{service['metadata']['name']}-x1", service["metadata"]
        selector = service["spec"]["selector"].items()
        endpoints = [
            {
                "addresses": ["192.0.2.7"],
                "conditions": {"ready": True},
                "targetRef": {"kind": "Pod", "name": body["metadata"]["name"]},
            }
            for body in self.cluster.all("Pod")
            if selector <= body["metadata"]["labels"].items()
        ]
        labels = {**meta["labels"], _SERVICE_NAME: meta["name"]}
        body = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
            "endpoints": endpoints,
        }
        self.cluster.apply_as("endpointslice-controller", body, force=True)

    def condition(self, key: UnitKey = KEY) -> tuple[str, str, str]:
        """Return status, reason and message of GatewayProgrammed; empty texts if it is absent."""
        conditions = self.status_of(key).conditions
        gateway = next((c for c in conditions if c.type == "GatewayProgrammed"), None)
        return (gateway.status.value, gateway.reason, gateway.message) if gateway else ("", "", "")

    def weights(self, kind: str = "HTTPRoute", name: str = KEY.name) -> dict[str, int]:
        """Return the weights of a live route's last rule, by the name of the Service."""
        route = self.cluster.live(kind, name)
        refs = route["spec"]["rules"][-1]["backendRefs"] if route else []
        return {ref["name"]: ref["weight"] for ref in refs}

    def selects(self, name: str) -> str | None:
        """Return the revision that a live Service selects."""
        service = self.cluster.live("Service", name)
        return service["spec"]["selector"].get(REVISION_LABEL) if service else None


async def serving(**changes: Any) -> GatewayHarness:
    """Return a world in which a model serves behind a gateway, which has these changes."""
    world = GatewayHarness()
    world.user_applies(model=source(1), rollout=rollout(**changes))
    await world.settle()
    return world


def writes_of(world: GatewayHarness, *kinds: str) -> list[Request]:
    """Return the operator's writes of objects of these kinds."""
    return [request for request in world.cluster.writes if request.kind in kinds]
