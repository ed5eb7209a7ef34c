"""Copy into a PersistentVolumeClaim, through a pod that exists for it."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inference_operator.api.quoting import beginning
from inference_operator.api.reasons import Reason
from inference_operator.cli.cluster_access import AccessError
from inference_operator.cli.port_forward import kubectl_command, run_kubectl
from inference_operator.cli.push import Upload
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.digest import digest_of, files_of

_MOUNT = "/claim"
_START_SECONDS = 180.0
_POD_SECONDS = 6 * 3600
_USER = 65532
_LABEL = {"app.kubernetes.io/name": "inference-operator-push"}
_IMAGE = ("get", "deployment", "inference-operator", "-n", "inference-operator", "-o")
_IMAGE_PATH = 'jsonpath={.spec.template.spec.containers[?(@.name=="operator")].image}'
# The file gets its name when it is complete. Its digest shows that all bytes have come.
_RECEIVE = """
import hashlib, os, sys
path = sys.argv[1]
os.makedirs(os.path.dirname(path), exist_ok=True)
digest = hashlib.sha256()
with open(path + ".part", "wb") as file:
    while chunk := sys.stdin.buffer.read(1 << 20):
        digest.update(chunk)
        file.write(chunk)
    os.fsync(file.fileno())
os.rename(path + ".part", path)
print(digest.hexdigest())
"""
_WAIT = "import time; time.sleep({})"


def push_claim(upload: Upload) -> None:
    """Copy a file or folder to its path in the claim, and compare what has arrived."""
    claim, path = upload.source.place
    if upload.path.is_dir():
        files = {f"{path.rstrip('/')}/{f.relative}": f.path for f in files_of(upload.path)}
    else:
        files = {path: upload.path}
    if any(part in ("", ".", "..") for name in files for part in name.split("/")):
        raise LoadError(Reason.FETCH_FAILED, "the path has an empty part, `.` or `..`; remove it")
    words = ["get", "pvc", claim, "-n", upload.namespace, "-o", "name"]
    run_kubectl(upload.context, words)
    with _pod(upload, claim) as pod:
        for name, file in files.items():
            _copy(upload, pod, file, f"{_MOUNT}/{name}")


@contextmanager
def _pod(upload: Upload, claim: str) -> Iterator[str]:
    name = f"push-{secrets.token_hex(4)}"
    image = upload.image or _operators_image(upload)
    body = json.dumps(_manifest(name, claim, image)).encode()
    where = ["-n", upload.namespace]
    run_kubectl(upload.context, ["create", *where, "-f", "-"], body)
    try:
        run_kubectl(
            upload.context,
            [
                "wait",
                f"pod/{name}",
                *where,
                "--for=condition=Ready",
                f"--timeout={_START_SECONDS}s",
            ],
            seconds=_START_SECONDS + 30,
        )
        yield name
    finally:
        run_kubectl(upload.context, ["delete", "pod", name, *where, "--wait=false"])


def _operators_image(upload: Upload) -> str:
    try:
        image = run_kubectl(upload.context, [*_IMAGE, _IMAGE_PATH]).strip()
    except AccessError as error:
        raise AccessError(f"{error}; name an image with python3.11 by --image") from None
    if not image:
        raise AccessError("found no image of the operator; name one with python3.11 by --image")
    return image


def _copy(upload: Upload, pod: str, file: Path, target: str) -> None:
    words = ["exec", "-i", "-n", upload.namespace, pod, "--"]
    command = kubectl_command(upload.context, *words, "python3.11", "-c", _RECEIVE, target)
    with file.open("rb") as content:
        done = subprocess.run(command, stdin=content, capture_output=True, timeout=_POD_SECONDS)
    if done.returncode != 0:
        text = beginning(done.stderr.decode("utf-8", "replace"), 600)
        raise LoadError(Reason.FETCH_FAILED, f"the copy ended: {text}", "see whether it has room")
    if (arrived := done.stdout.decode().strip()) != digest_of(file):
        raise LoadError(
            Reason.DIGEST_MISMATCH,
            f"{file.name} arrived with sha256 {beginning(arrived)}",
            "it changed, or the connection broke: push it again",
        )


def _manifest(name: str, claim: str, image: str) -> dict[str, Any]:
    container = {
        "name": "receive",
        "image": image,
        "command": ["python3.11", "-c", _WAIT.format(_POD_SECONDS)],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "claim", "mountPath": _MOUNT}],
    }
    spec = {
        "restartPolicy": "Never",
        # It ends by itself if this command is killed.
        "activeDeadlineSeconds": _POD_SECONDS,
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "claim", "persistentVolumeClaim": {"claimName": claim}}],
    }
    meta = {"name": name, "labels": _LABEL}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
