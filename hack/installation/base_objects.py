"""The objects of manifests/base, read without kustomize.

`make check` has no kubectl, so what is generated from the base is read here. Only what the base
uses of kustomize is understood. Tests compare the objects with those of the real kustomize.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from inference_operator.api.base import GROUP
from inference_operator.api.crd import crd
from inference_operator.api.custom_resources import CUSTOM_RESOURCES, CustomResource
from inference_operator.domain.kubectl_yaml import write_manifests

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "manifests" / "base"
IMAGE = "inference-operator:latest"
"""The image that the base names, in place of the one of a release."""

Body = dict[str, Any]

_CLUSTER_SCOPED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "Namespace",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}
_HEADER = "# Generated from operator/inference_operator/api by `make generate`. Do not edit.\n"


def crd_file(resource: CustomResource) -> str:
    """Return the path of a kind's CRD, relative to the root."""
    return f"crds/{GROUP}_{resource.plural}.yaml"


def crd_text(resource: CustomResource) -> str:
    """Return the text of a kind's CRD."""
    return _HEADER + write_manifests([crd(resource)], allow_unicode=True, width=100)


def objects_of(folder: Path, namespace: str = "") -> Iterator[Body]:
    """Yield the objects of a kustomization, in the order of its resources.

    Raises:
        ValueError: if the kustomization uses more than `resources` and `namespace`.
    """
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
    unknown = set(kustomization) - {"apiVersion", "kind", "namespace", "resources"}
    if unknown:
        raise ValueError(
            f"{folder.relative_to(ROOT)}/kustomization.yaml: found {', '.join(sorted(unknown))},"
            " expected resources and namespace alone: install.yaml and the chart are generated from"
            " them; teach hack/installation the others"
        )
    namespace = kustomization.get("namespace", namespace)
    for resource in kustomization["resources"]:
        path = (folder / resource).resolve()
        bodies = objects_of(path, namespace) if path.is_dir() else objects_in(path)
        for body in bodies:
            if namespace and body["kind"] not in _CLUSTER_SCOPED:
                body["metadata"]["namespace"] = namespace
            yield body


def objects_in(path: Path) -> Iterator[Body]:
    """Yield the objects of a file; those of a CRD's file as they will be generated."""
    generated = {ROOT / crd_file(resource): resource for resource in CUSTOM_RESOURCES}
    if path in generated:
        yield _crd(generated[path])
    else:
        yield from yaml.safe_load_all(path.read_text("utf-8"))


@cache
def _crd(resource: CustomResource) -> Body:
    return crd(resource)
