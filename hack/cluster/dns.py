"""The cluster's DNS: CoreDNS as a process of the first node, behind the kube-dns Service."""

import socket
import struct
from pathlib import Path
from typing import Any

from hack.cluster.control_plane import ControlPlane
from hack.cluster.kubectl import Kubectl
from hack.cluster.layout import Cluster

_PORT = 1053
_USER = "system:coredns"
_LABELS = {"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"}


def corefile(cluster: Cluster, plane: ControlPlane) -> Path:
    """Return CoreDNS' configuration. Names outside the cluster do not exist: no time-outs."""
    path = cluster.folder / "Corefile"
    path.write_text(f""".:{_PORT} {{
    errors
    ready 127.0.0.1:8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        kubeconfig {plane.kubeconfig(_USER)}
        ttl 5
    }}
    template ANY ANY . {{
        rcode NXDOMAIN
    }}
}}
""")
    return path


def publish(cluster: Cluster, kubectl: Kubectl) -> None:
    """Let CoreDNS read what it serves, and give it the address that every pod asks."""
    kubectl.apply(*_access(), _service(cluster), _endpoints(cluster))


def answers(server: str, name: str = "kubernetes.default.svc.cluster.local") -> bool:
    """Return whether an A query for `name` is answered with an address within half a second."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    query = struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        try:
            client.sendto(query, (server, 53))
            reply = client.recv(512)
        except OSError:
            return False
    _, flags, _, count = struct.unpack(">4H", reply[:8])
    return bool(flags & 0x000F == 0 and count > 0)


def _service(cluster: Cluster) -> dict[str, Any]:
    ports = [
        {"name": name, "protocol": protocol, "port": 53, "targetPort": _PORT}
        for name, protocol in (("dns", "UDP"), ("dns-tcp", "TCP"))
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": _LABELS},
        "spec": {"clusterIP": cluster.dns_address, "ports": ports},
    }


def _endpoints(cluster: Cluster) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": "kube-dns"}
    ports = [
        {"name": name, "protocol": protocol, "port": _PORT}
        for name, protocol in (("dns", "UDP"), ("dns-tcp", "TCP"))
    ]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [cluster.node(1).address], "conditions": {"ready": True}}],
        "ports": ports,
    }


def _access() -> list[dict[str, Any]]:
    rbac = "rbac.authorization.k8s.io"
    read = ["list", "watch"]
    core = ["endpoints", "services", "pods", "namespaces"]
    return [
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": _USER},
            "rules": [
                {"apiGroups": [""], "resources": core, "verbs": read},
                {
                    "apiGroups": ["discovery.k8s.io"],
                    "resources": ["endpointslices"],
                    "verbs": read,
                },
            ],
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": _USER},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": _USER},
            "subjects": [{"apiGroup": rbac, "kind": "User", "name": _USER}],
        },
    ]
