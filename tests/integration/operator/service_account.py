"""Processes with the rights of a ServiceAccount, and what the operator asked the API server for."""

import base64
from collections.abc import Iterator
from pathlib import Path

import yaml

from hack.cluster.apiserver import ApiServer
from hack.cluster.audit_log import entries
from hack.cluster.kubectl import Kubectl

NAMESPACE = "inference-operator"
Use = tuple[str, str, str]
"""API group, resource and verb."""


def used(server: ApiServer) -> Iterator[tuple[Use, int]]:
    """What the ServiceAccount asked for, and the answers' codes."""
    user = f"system:serviceaccount:{NAMESPACE}:inference-operator"
    for event in entries(server.audit_log):
        if event["user"]["username"] != user or "objectRef" not in event:
            continue
        about = event["objectRef"]
        resource = "/".join(filter(None, (about["resource"], about.get("subresource"))))
        code = event.get("responseStatus", {}).get("code", 0)
        use = (about.get("apiGroup", ""), resource, event["verb"])
        yield use, code
        if event["verb"] == "patch" and code == 201:
            # An apply that makes the object is asked for both.
            yield (use[0], use[1], "create"), code


def as_service_account(
    kubectl: Kubectl, folder: Path, name: str = "inference-operator", namespace: str = NAMESPACE
) -> Path:
    """A kubeconfig with the ServiceAccount's token."""
    config = yaml.safe_load(kubectl.kubeconfig.read_text("utf-8"))
    token = kubectl("create", "token", name, "-n", namespace, "--duration=1h").strip()
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    for cluster in config["clusters"]:
        authority = cluster["cluster"].pop("certificate-authority", None)
        if authority:
            data = (kubectl.kubeconfig.parent / authority).read_bytes()
            cluster["cluster"]["certificate-authority-data"] = base64.b64encode(data).decode()
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path
