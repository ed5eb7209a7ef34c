"""The environment of a feature branch: the names that follow from the branch's, and its overlay."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from hack.console import StepError
from inference_operator.domain.kubectl_yaml import write_manifests

BUCKET = "trading-system-feature-branch"
LABEL = "inference.aipx.io/branch-environment"
ANNOTATION = "inference.aipx.io/branch"
"""On the namespace: the branch's own name. Without both, nothing is applied there or removed."""

_LONGEST = 40
_HASH = 8
_SAFE = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
# As `git check-ref-format --branch` has it.
_NOT_IN_GIT = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|\.$|/$|^[-./]|^@$")


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of Git, and the name that namespaces and folders of its environment have."""

    name: str
    safe: str

    @property
    def namespace(self) -> str:
        return f"feature-{self.safe}"

    @property
    def prefix(self) -> str:
        """Return the folder of the bucket that only this branch uses."""
        return f"{self.safe}/"

    @property
    def dataset(self) -> str:
        return f"feature_branch_{self.safe.replace('-', '_')}"


def branch(name: str) -> Branch:
    """Return the names for a branch.

    A name that must be changed or cut gets a part of its hash, so two branches never share one.

    Raises:
        StepError: if Git has no branch of that name.

    >>> branch("new-features").namespace
    'feature-new-features'
    >>> branch("feature/Add_LSTM").namespace
    'feature-feature-add-lstm-dc053778'
    """
    if not name or len(name) > 255 or not name.isprintable() or _NOT_IN_GIT.search(name):
        raise StepError(
            f"BRANCH: found {name[:80]!r}, expected the name of a branch of Git",
            "Use a name that `git branch` lists.",
        )
    safe = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if safe != name or len(safe) > _LONGEST or _ends_like_a_hash(safe):
        digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH]
        cut = safe[: _LONGEST - _HASH - 1].strip("-")
        safe = f"{cut}-{digest}" if cut else digest
    assert _SAFE.fullmatch(safe)
    assert len(safe) <= _LONGEST
    return Branch(name, safe)


def _ends_like_a_hash(safe: str) -> bool:
    """Return whether a name could be that of another branch with its hash.

    >>> _ends_like_a_hash("add-lstm-dc053778"), _ends_like_a_hash("add-lstm")
    (True, False)
    """
    return re.fullmatch(rf"(.*-)?[0-9a-f]{{{_HASH}}}", safe) is not None


def overlay(of: Branch, environment: str) -> dict[str, Any]:
    """Return the overlay that puts the folder `environment` into the namespace of a branch."""
    values = {
        "SERVING_MLFLOW__TRACKING_URI": f"http://mlflow.{of.namespace}.svc.cluster.local:5000",
        "SERVING_MLFLOW__MODEL_REGISTRY": f"gs://{BUCKET}/{of.prefix}models",
        "SERVING_DATABASE__DATASET": of.dataset,
    }
    container = {
        "name": "gateway",
        "env": [{"name": name, "value": value} for name, value in values.items()],
    }
    gateway = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "inference-gateway"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "any",
            "labels": {LABEL: "true"},
            "annotations": {ANNOTATION: of.name},
        },
    }
    subject = {"op": "replace", "path": "/subjects/0/namespace", "value": of.namespace}
    return {
        "namespace": of.namespace,
        "resources": [environment],
        "patches": [
            {"target": {"kind": "RoleBinding"}, "patch": write_manifests([[subject]])},
            {"target": {"kind": "Namespace"}, "patch": write_manifests([namespace])},
            {"patch": write_manifests([gateway])},
        ],
    }
