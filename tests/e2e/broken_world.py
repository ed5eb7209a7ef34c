"""The namespaces of broken situations: their store's files, a bad server, and a watch."""

import json
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hack.cluster import binaries
from hack.cluster.kubectl import Kubectl
from hack.cluster.pki import Authority
from tests.broken import bad_server
from tests.broken.models import PYTHON
from tests.e2e.harness import ClusterHarness

SERVER = "bad-server"
SCRIPT = Path(bad_server.__file__)
FILES = {
    "broken/page.onnx": b"<!DOCTYPE html>\n<html><body>Please log in</body></html>\n",
    "broken/empty.onnx": b"",
    "broken/pointer.onnx": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    "broken/noise.onnx": bytes(range(256)) * 16,
    "broken/broken.zip": b"PK\x03\x04" + b"broken" * 50,
    **{f"broken/{name}/model.py": text.encode() for name, text in PYTHON.items()},
}


@dataclass
class Seen:
    """The Ready condition of one resource, as the watch has shown it."""

    uid: str = ""
    reports: list[tuple[float, str, str, str]] = field(default_factory=list)
    """Time, status, reason and message, in order."""


class Watch:
    """A watch of one kind in one namespace, with the time of each Ready condition."""

    def __init__(self, kubectl: Kubectl, kind: str, namespace: str) -> None:
        command = [str(binaries.kubectl()), f"--kubeconfig={kubectl.kubeconfig}", "get", kind]
        command += ["-n", namespace, "--watch", "-o", "json"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._seen: dict[str, Seen] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def reports(self, name: str, since: float) -> list[tuple[float, str, str, str]]:
        """Return what has been shown of the resource since then."""
        with self._lock:
            reports = self._seen.get(name, Seen()).reports
            return [report for report in reports if report[0] >= since]

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        lines: list[str] = []
        for line in self._process.stdout:
            lines.append(line)
            if line == "}\n":
                self._keep(json.loads("".join(lines)))
                lines = []

    def _keep(self, body: dict[str, Any]) -> None:
        ready = [
            condition
            for condition in (body.get("status") or {}).get("conditions", ())
            if condition["type"] == "Ready"
            and condition["observedGeneration"] == body["metadata"]["generation"]
        ]
        with self._lock:
            seen = self._seen.setdefault(body["metadata"]["name"], Seen())
            if seen.uid != (uid := body["metadata"]["uid"]):
                # It was deleted and made again.
                seen.uid, seen.reports = uid, []
            for condition in ready:
                report = (condition["status"], condition["reason"], condition["message"])
                if not seen.reports or seen.reports[-1][1:] != report:
                    seen.reports.append((time.monotonic(), *report))


def fill_store(harness: ClusterHarness) -> None:
    """Upload the files of all situations."""
    for path, content in FILES.items():
        harness.store.upload_bytes(content, path)


def prepare(harness: ClusterHarness, namespace: str) -> None:
    """Apply the bad server and the Secrets that several situations name."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        pair = authority.issue("server", SERVER, hosts=[f"{SERVER}.{namespace}.svc"])
        tls = {"tls.crt": pair.certificate.read_text(), "tls.key": pair.key.read_text()}
        trust = {"ca.crt": authority.pair.certificate.read_text()}
    ours = harness.kubectl.get("secret", "model-store", "-n", namespace)["data"]["ca.crt"]
    harness.kubectl.apply(
        _object(namespace, "Secret", SERVER, stringData=trust),
        _object(namespace, "Secret", f"{SERVER}-tls", stringData=tls),
        _object(namespace, "Secret", "no-token", data={"ca.crt": ours}),
        _object(namespace, "Secret", "wrong-token", data={"ca.crt": ours, "token": "eA=="}),
        _object(namespace, "ConfigMap", SERVER, data={SCRIPT.name: SCRIPT.read_text()}),
        _object(namespace, "Service", SERVER, spec=_service()),
        _object(
            namespace, "Pod", SERVER, labels={"app": SERVER}, spec=_pod(harness.images.operator)
        ),
    )
    harness.kubectl(
        "wait", f"pod/{SERVER}", "-n", namespace, "--for=condition=Ready", "--timeout=60s"
    )


def confine(harness: ClusterHarness, namespace: str) -> None:
    """Give the namespace a quota and a limit range."""
    limits = [{"type": "Container", "max": {"memory": "2Gi"}}]
    harness.kubectl.apply(
        _object(namespace, "ResourceQuota", "no-cpus", spec={"hard": {"requests.cpu": "1"}}),
        _object(namespace, "LimitRange", "small", spec={"limits": limits}),
    )


def _object(
    namespace: str, kind: str, name: str, labels: dict[str, str] | None = None, **fields: Any
) -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace, "labels": labels or {}}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **fields}


def _service() -> dict[str, Any]:
    ports = [
        {"name": f"p{port}", "port": port}
        for port in (bad_server.BACKLOG, bad_server.SILENT, bad_server.PLAIN, bad_server.TLS)
    ]
    return {"selector": {"app": SERVER}, "ports": ports}


def _pod(image: str) -> dict[str, Any]:
    return {
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": SERVER,
                "image": image,
                "command": [
                    "python3.11",
                    f"/script/{SCRIPT.name}",
                    "/tls/tls.crt",
                    "/tls/tls.key",
                ],
                "readinessProbe": {"tcpSocket": {"port": bad_server.TLS}, "periodSeconds": 1},
                "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [
                    {"name": "script", "mountPath": "/script"},
                    {"name": "tls", "mountPath": "/tls"},
                ],
            }
        ],
        "volumes": [
            {"name": "script", "configMap": {"name": SERVER}},
            {"name": "tls", "secret": {"secretName": f"{SERVER}-tls"}},
        ],
    }
