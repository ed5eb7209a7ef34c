"""The metrics APIs of an autoscaler: of pods that no kubelet runs, and of a queue elsewhere."""

import json
import ssl
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hack.cluster.kubectl import Kubectl
from hack.cluster.pki import Authority
from tests.fakes.bodies import revision_of

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
_ROOT = f"/apis/{GROUP}/{VERSION}"
EXTERNAL_GROUP = "external.metrics.k8s.io"
METRIC = "queued-requests"
_EXTERNAL_ROOT = f"/apis/{EXTERNAL_GROUP}/{VERSION}"
_NAME = {"name": "pod-metrics", "namespace": "default"}


class PodMetrics(ThreadingHTTPServer):
    """A server over TLS on loopback, to which the API server forwards the group's requests."""

    daemon_threads = True

    def __init__(self, kubectl: Kubectl, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        pair = Authority(folder).issue("pod-metrics", "pod-metrics", hosts=["localhost"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.kubectl = kubectl
        self.load = 0
        """Millicores that the running pods of each revision share among them."""
        self.queued = 0
        """Value of each external metric, whatever its name."""
        self.selectors: defaultdict[str, list[str]] = defaultdict(list)
        """Namespace -> the label selectors of all lists that were asked for."""

    def register(self) -> None:
        """Let the API server serve both groups, and wait until it does."""
        # Addresses of endpoints may not be on loopback, but a name may mean it.
        service = {"type": "ExternalName", "externalName": "localhost"}
        groups = (GROUP, EXTERNAL_GROUP)
        self.kubectl.apply(
            {"apiVersion": "v1", "kind": "Service", "metadata": _NAME, "spec": service},
            *(self._api_service(group) for group in groups),
        )
        names = [f"apiservice/{VERSION}.{group}" for group in groups]
        self.kubectl("wait", *names, "--for=condition=Available", "--timeout=30s")

    def _api_service(self, group: str) -> dict[str, Any]:
        return {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"{VERSION}.{group}"},
            "spec": {
                "group": group,
                "version": VERSION,
                "service": {**_NAME, "port": self.server_address[1]},
                "insecureSkipTLSVerify": True,
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
            },
        }

    def usage(self, namespace: str, selector: str) -> dict[str, Any]:
        """The list of the running pods that match, with what each one uses."""
        pods = self.kubectl.get("pods", "-n", namespace, "-l", selector)["items"]
        running = [pod for pod in pods if pod["status"].get("phase") == "Running"]
        sizes = Counter(map(revision_of, running))
        items = [_usage_of(pod, self.load // sizes[revision_of(pod)]) for pod in running]
        return {**_type("PodMetricsList"), "metadata": {}, "items": items}


class _Handler(BaseHTTPRequestHandler):
    server: PodMetrics
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == _ROOT:
            self._answer(200, _discovery(GROUP, "pods", "PodMetrics"))
            return
        if address.path == _EXTERNAL_ROOT:
            self._answer(200, _discovery(EXTERNAL_GROUP, METRIC, "ExternalMetricValueList"))
            return
        match address.path.removeprefix("/apis/").split("/"):
            case [group, _, "namespaces", _, name] if group == EXTERNAL_GROUP:
                self._answer(200, _external(name, self.server.queued))
            case [_, _, "namespaces", namespace, "pods"]:
                selector = parse_qs(address.query).get("labelSelector", [""])[0]
                self._answer(200, self.server.usage(namespace, selector))
                self.server.selectors[namespace].append(selector)
            case _:
                self._answer(404, {"kind": "Status", "apiVersion": "v1", "code": 404})

    def _answer(self, code: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def pod_metrics(kubectl: Kubectl, folder: Path) -> Iterator[PodMetrics]:
    """The metrics API, registered, for as long as the context; the key lies in `folder`."""
    with PodMetrics(kubectl, folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            server.register()
            yield server
        finally:
            server.shutdown()


def _usage_of(pod: dict[str, Any], millicores: int) -> dict[str, Any]:
    usage = {"cpu": f"{millicores}m", "memory": "1Gi"}
    names = ("name", "namespace", "labels")
    return {
        "metadata": {key: pod["metadata"][key] for key in names},
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window": "1s",
        "containers": [{"name": pod["spec"]["containers"][0]["name"], "usage": usage}],
    }


def _external(name: str, value: int) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    item = {"metricName": name, "metricLabels": {}, "timestamp": now, "value": str(value)}
    kind = _type("ExternalMetricValueList", EXTERNAL_GROUP)
    return {**kind, "metadata": {}, "items": [item]}


def _type(kind: str, group: str = GROUP) -> dict[str, str]:
    return {"kind": kind, "apiVersion": f"{group}/{VERSION}"}


def _discovery(group: str, name: str, kind: str) -> dict[str, Any]:
    resource = {
        "name": name,
        "singularName": "",
        "namespaced": True,
        "kind": kind,
        "verbs": ["get", "list"],
    }
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{VERSION}",
        "resources": [resource],
    }
