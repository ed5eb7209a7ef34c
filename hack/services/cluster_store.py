"""A model store within the cluster: `model_store.py` in a pod, behind TLS and a token."""

import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hack.cluster import binaries
from hack.cluster.kubectl import Kubectl
from hack.cluster.pki import Authority
from hack.console import StepError

NAME = "model-store"
PORT = 8443
TOKEN = "demo-token"  # it guards nothing but the demo's own model
SCRIPT = Path(__file__).resolve().parent / "model_store.py"


@dataclass(frozen=True, slots=True)
class ClusterStore:
    """Serves `https://model-store.<namespace>.svc:8443/…` to the pods of a namespace."""

    kubectl: Kubectl
    namespace: str

    def uri(self, path: str) -> str:
        return f"https://{NAME}.{self.namespace}.svc:{PORT}/{path}"

    def deploy(self, image: str) -> None:
        """Bring it up with an image that has python3.11, and wait until it is ready."""
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority(Path(folder))
            host = f"{NAME}.{self.namespace}.svc"
            pair = authority.issue("server", NAME, hosts=[host, f"{host}.cluster.local"])
            tls = {"tls.crt": pair.certificate.read_text(), "tls.key": pair.key.read_text()}
            trust = {"ca.crt": authority.pair.certificate.read_text(), "token": TOKEN}
        self.kubectl.apply(
            self._object("v1", "Secret", NAME, stringData=trust),
            self._object("v1", "Secret", f"{NAME}-tls", stringData={**tls, "token": TOKEN}),
            self._object("v1", "ConfigMap", NAME, data={SCRIPT.name: SCRIPT.read_text()}),
            self._object(
                "v1", "Service", NAME, spec={"selector": {"app": NAME}, "ports": [{"port": PORT}]}
            ),
            self._object("apps/v1", "Deployment", NAME, spec=_deployment_spec(image)),
        )
        # A new certificate reaches a running server only with a new pod.
        self.kubectl("rollout", "restart", f"deployment/{NAME}", "-n", self.namespace)
        self.kubectl(
            "rollout", "status", f"deployment/{NAME}", "-n", self.namespace, "--timeout=120s"
        )

    def upload(self, file: Path, path: str) -> None:
        """Put a file into the store, through `kubectl exec`; it lasts as long as the pod."""
        self.upload_bytes(file.read_bytes(), path)

    def upload_bytes(self, content: bytes, path: str) -> None:
        folder = path.rpartition("/")[0] or "."
        file = f"/data/{path}"
        script = f"mkdir -p /data/{folder} && cat > {file}.$$ && mv {file}.$$ {file}"
        command = [str(binaries.kubectl()), f"--kubeconfig={self.kubectl.kubeconfig}"]
        command += ["exec", "-i", "-n", self.namespace, f"deployment/{NAME}", "--"]
        for _ in range(10):
            done = subprocess.run(
                [*command, "sh", "-c", script], input=content, capture_output=True
            )
            if done.returncode == 0:
                return
            time.sleep(1)
        raise StepError(
            f"cannot upload {path} to the model store: {done.stderr.decode().strip()}",
            f"Run `kubectl -n {self.namespace} logs deployment/{NAME}`.",
        )

    def _object(self, version: str, kind: str, name: str, **fields: Any) -> dict[str, Any]:
        meta = {"name": name, "namespace": self.namespace}
        return {"apiVersion": version, "kind": kind, "metadata": meta, **fields}


def _deployment_spec(image: str) -> dict[str, Any]:
    options = [f"--port={PORT}", "--dir=/data", "--cert=/tls/tls.crt", "--key=/tls/tls.key"]
    container = {
        "name": NAME,
        "image": image,
        "command": ["python3.11", f"/script/{SCRIPT.name}", *options],
        "env": [
            {
                "name": "MODEL_STORE_TOKEN",
                "valueFrom": {"secretKeyRef": {"name": f"{NAME}-tls", "key": "token"}},
            }
        ],
        "ports": [{"containerPort": PORT}],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "script", "mountPath": "/script"},
            {"name": "tls", "mountPath": "/tls"},
            {"name": "data", "mountPath": "/data"},
        ],
    }
    return {
        "selector": {"matchLabels": {"app": NAME}},
        "strategy": {"type": "Recreate"},
        "template": {
            "metadata": {"labels": {"app": NAME}},
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 65532,
                    "fsGroup": 65532,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [container],
                "volumes": [
                    {"name": "script", "configMap": {"name": NAME}},
                    {"name": "tls", "secret": {"secretName": f"{NAME}-tls"}},
                    {"name": "data", "emptyDir": {}},
                ],
            },
        },
    }
