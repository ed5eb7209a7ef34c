"""A gateway of the local cluster: Traefik as a process of the first node, with a Gateway for all.

Traefik has an identity of its own, with the rights that it needs. It ends with the cluster.
"""

import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hack.cluster import gateway_parts, lifecycle, registry
from hack.cluster.running import Running
from hack.console import StepError, step

NAMESPACE, NAME = "gateways", "public"
PROGRAM = "gateway"
USER = "system:gateway"
GROUP = "gateway.networking.k8s.io"
_OURS = "inference.aipx.io"
_CLASS = "traefik"
_CONTROLLER = "traefik.io/gateway-controller"
_PORT, _ADMIN_PORT = 8000, 8082
# Traefik's own start at 100 ms, which is long for a model.
_BUCKETS = "0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,5"
_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway, as programs of this machine reach it."""

    host: str

    @property
    def address(self) -> str:
        """Return `host:port` of HTTP, and of gRPC without TLS. Routes tell hostnames apart."""
        return f"{self.host}:{_PORT}"

    @property
    def metrics(self) -> str:
        """Return the URL of Traefik's metrics."""
        return f"http://{self.host}:{_ADMIN_PORT}/metrics"

    def answers(self) -> bool:
        """Return whether Traefik answers its ping."""
        try:
            with urllib.request.urlopen(f"http://{self.host}:{_ADMIN_PORT}/ping", timeout=2):
                return True
        except OSError:
            return False


def parent_ref() -> dict[str, str]:
    """Return how a route of any namespace names the Gateway."""
    return {"name": NAME, "namespace": NAMESPACE}


def start(name: str) -> Gateway:
    """Start the gateway of a cluster, and wait until its Gateway is programmed.

    A running gateway is kept. It stops when the cluster stops: start it again after `up`.

    Raises:
        StepError: if there is no embedded cluster of that name, or if the gateway does not start.
    """
    registry.require_root()
    with registry.locked(name):
        running = lifecycle.current(name)
        if running is None or not running.healthy():
            raise StepError(
                f"there is no healthy embedded cluster {name}",
                f"Run `python -m hack.cluster up --name {name}` first.",
            )
        gateway = Gateway(running.cluster.node(1).address)
        if not (running.processes.alive(PROGRAM) and gateway.answers()):
            with step(f"start a gateway in cluster {name}"):
                _install(running)
                _launch(running, gateway.host)
        running.wait_for("the gateway", gateway.answers, PROGRAM)
        running.wait_for("the Gateway's address", lambda: _is_programmed(running), PROGRAM)
        return gateway


def _install(running: Running) -> None:
    """Apply the CRDs, the rights of Traefik, and a Gateway that routes of any namespace may use."""
    kubectl, manifests = running.kubectl, gateway_parts.crds()
    kubectl("apply", "--server-side", "--force-conflicts", "-f", str(manifests))
    kubectl.wait_for_crds()
    kubectl.apply(*_access(), *_objects(datetime.now(UTC).isoformat()))


def _launch(running: Running, host: str) -> None:
    # Traefik reads the kubeconfig from its environment alone.
    environment = ["env", f"KUBECONFIG={running.plane.kubeconfig(USER)}"]
    command = [*environment, str(gateway_parts.traefik()), *_flags(host)]
    running.processes.start(PROGRAM, command, within=running.cluster.node(1).name)


def _flags(host: str) -> list[str]:
    provider = "--providers.kubernetesgateway"
    return [
        f"--entrypoints.web.address={host}:{_PORT}",
        f"--entrypoints.traefik.address={host}:{_ADMIN_PORT}",
        "--ping=true",
        f"{provider}=true",
        f"{provider}.statusaddress.ip={host}",
        # A second change of weights within this time waits for its end: 2 s if it is not set.
        "--providers.providersthrottleduration=100ms",
        "--metrics.prometheus=true",
        "--metrics.prometheus.addserviceslabels=true",
        f"--metrics.prometheus.buckets={_BUCKETS}",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]


def _is_programmed(running: Running) -> bool:
    body = running.kubectl.get("gateway", NAME, "-n", NAMESPACE)
    conditions = body.get("status", {}).get("conditions", ())
    return any(
        condition["type"] == "Programmed"
        and condition["status"] == "True"
        and condition["observedGeneration"] == body["metadata"]["generation"]
        for condition in conditions
    )


def _objects(started: str) -> list[dict[str, Any]]:
    listener = {
        "name": "web",
        "protocol": "HTTP",
        "port": _PORT,
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "GatewayClass",
            "metadata": {"name": _CLASS},
            "spec": {"controllerName": _CONTROLLER},
        },
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "Gateway",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "spec": {
                "gatewayClassName": _CLASS,
                "listeners": [listener],
                # A new generation: its conditions cannot be those of an earlier process.
                "infrastructure": {"annotations": {f"{_OURS}/started": started}},
            },
        },
    ]


def _access() -> list[dict[str, Any]]:
    read = ["get", "list", "watch"]
    # It lists all of these before it looks at a route, whether or not a Gateway uses them.
    core = ["configmaps", "namespaces", "secrets", "services"]
    kinds = ["backendtlspolicies", "gatewayclasses", "gateways", "grpcroutes", "httproutes"]
    statuses = [f"{kind}/status" for kind in kinds]
    return [
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": USER},
            "rules": [
                {"apiGroups": [""], "resources": core, "verbs": read},
                {
                    "apiGroups": ["discovery.k8s.io"],
                    "resources": ["endpointslices"],
                    "verbs": read,
                },
                {
                    "apiGroups": [GROUP],
                    "resources": [*kinds, "referencegrants", "tlsroutes"],
                    "verbs": read,
                },
                {"apiGroups": [GROUP], "resources": statuses, "verbs": ["update"]},
            ],
        },
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": USER},
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": USER},
            "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": USER}],
        },
    ]
