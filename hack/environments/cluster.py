"""Environments in a cluster: what must be there first, the apply, and the removal of a branch's."""

import secrets
from typing import Any

from hack.cluster.kubectl import Kubectl
from hack.console import StepError, say, step
from hack.environments.branch import ANNOTATION, BUCKET, LABEL, Branch
from hack.environments.rendering import parsed
from hack.product import CRDS
from hack.services.cluster_gateway import KEYS, keys_secret


def apply(kubectl: Kubectl, rendered: str) -> None:
    """Apply an environment. All of it is tried by the API server first, where its namespaces
    exist, so that a second environment in a namespace changes nothing there.

    Raises:
        StepError: with the API server's sentences, or the first Secret that is missing.
    """
    _apply_namespaces(kubectl, rendered)
    _demand_secrets(kubectl, rendered)
    if crds := _documents(rendered, "CustomResourceDefinition"):
        kubectl("apply", "--server-side", "-f", "-", stdin=crds)
        kubectl.wait_for_crds()
    words = ("apply", "--server-side", "--force-conflicts", "-f", "-")
    kubectl(*words, "--dry-run=server", stdin=rendered)
    kubectl(*words, stdin=rendered)


def _apply_namespaces(kubectl: Kubectl, rendered: str) -> None:
    kubectl("apply", "--server-side", "-f", "-", stdin=_documents(rendered, "Namespace"))


def _demand_secrets(kubectl: Kubectl, rendered: str) -> None:
    """Refuse pods that would wait for a Secret: a rollout that hangs says nothing of it."""
    for body in parsed(_documents(rendered, "Deployment")):
        name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
        for volume in body["spec"]["template"]["spec"].get("volumes", ()):
            secret = volume.get("secret", {}).get("secretName")
            if secret and not kubectl.succeeds("get", "secret", secret, "-n", namespace):
                raise StepError(
                    f"Deployment {namespace}/{name}, volume {volume['name']}: Secret {secret} does"
                    " not exist",
                    f"Make it by `kubectl create secret generic {secret} -n {namespace}"
                    " --from-file=...` (docs/environments.md), and run this again.",
                )


def _documents(rendered: str, kind: str) -> str:
    parts = [part for part in rendered.split("\n---\n") if f"\nkind: {kind}\n" in f"\n{part}"]
    return "\n---\n".join(parts)


def branch_up(kubectl: Kubectl, of: Branch, rendered: str) -> str:
    """Apply a branch's environment, and return the key of its gateway; empty if it has one.

    Raises:
        StepError: if the CRDs are missing, or the namespace is not of this branch.
    """
    missing = [crd for crd in CRDS if not kubectl.succeeds("get", "crd", crd)]
    if missing:
        raise StepError(
            f"the cluster has no CRD {', '.join(missing)}",
            "Ask an administrator of the cluster to run `kubectl apply --server-side -k crds`.",
        )
    if body := _namespace(kubectl, of):
        _demand_ours(body, of)
    _apply_namespaces(kubectl, rendered)
    key = _new_key(kubectl, of.namespace)
    apply(kubectl, rendered)
    return key


def branch_down(kubectl: Kubectl, of: Branch) -> None:
    """Delete the namespace of a branch with all that is in it, and wait until it is gone.

    Raises:
        StepError: if the namespace is not of this branch.
    """
    body = _namespace(kubectl, of)
    if body is None:
        say(f"namespace {of.namespace} does not exist")
    else:
        _demand_ours(body, of)
        with step(f"delete namespace {of.namespace}"):
            kubectl("delete", "namespace", of.namespace, "--timeout=300s")
    say(f"Objects of the branch in the bucket: gcloud storage rm -r gs://{BUCKET}/{of.prefix}")


def _namespace(kubectl: Kubectl, of: Branch) -> dict[str, Any] | None:
    words = ("get", "namespace", of.namespace, "--ignore-not-found", "-o", "name")
    if not kubectl(*words):
        return None
    body: dict[str, Any] = kubectl.get("namespace", of.namespace)
    return body


def _demand_ours(body: dict[str, Any], of: Branch) -> None:
    meta = body["metadata"]
    owner = meta.get("annotations", {}).get(ANNOTATION, "")
    if meta.get("labels", {}).get(LABEL) != "true" or owner != of.name:
        raise StepError(
            f"namespace {of.namespace}: found one of {f'branch {owner}' if owner else 'others'},"
            f" expected none, or that of branch {of.name}",
            "Rename the branch, or remove that namespace if nobody needs it.",
        )


def _new_key(kubectl: Kubectl, namespace: str) -> str:
    """Make the Secret of the gateway's keys where it is missing, and return its one key."""
    if kubectl.succeeds("get", "secret", KEYS, "-n", namespace):
        return ""
    key = secrets.token_hex(24)
    kubectl.apply(keys_secret(namespace, {"branch": key}))
    return key
