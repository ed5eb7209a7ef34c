"""The operator on a cluster: its images built and loaded, `manifests/base` applied."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hack.cluster.kubectl import Kubectl
from hack.cluster.target import Current, Embedded, Target, target
from hack.console import StepError, step
from hack.images.catalog import build
from hack.images.torch import torch_dir
from hack.overlays import rendered
from inference_operator.domain.kubectl_yaml import write_manifests

ROOT = Path(__file__).resolve().parents[1]
NAMESPACE = "inference-operator"
CRDS = ("inferencemodels.inference.aipx.io", "ensemblepipelines.inference.aipx.io")
INSTALLATION = (*(f"crd/{name}" for name in CRDS), f"namespace/{NAMESPACE}")
# A label on all that we install: from somebody else's cluster nothing without it is removed.
MARK = "inference.aipx.io/demo"
DEPLOYMENT = ("deployment/inference-operator", "-n", NAMESPACE)
# What the operator uses where nobody says otherwise: Triton with every backend.
NVIDIA_TRITON = "nvcr.io/nvidia/tritonserver:26.01-py3"


@dataclass(frozen=True, slots=True)
class Images:
    """The images that a cluster's pods use."""

    operator: str
    triton: str


def cluster() -> Target:
    """Return the chosen cluster; PyTorch of this machine goes to Triton's pods where it is ours."""
    if (os.environ.get("CLUSTER") or "embedded") == "embedded":
        with step("PyTorch for Triton's pods"):
            os.environ.setdefault("CLUSTER_TORCH_DIR", str(torch_dir()))
    return target()


def load_images(on: Target) -> Images:
    """Build what is missing, give it to the cluster, and say how pods name it.

    OPERATOR_IMAGE and TRITON_IMAGE name images that the nodes can pull: nothing is built then.
    """
    refs = {
        "operator": os.environ.get("OPERATOR_IMAGE"),
        "triton": os.environ.get("TRITON_IMAGE") or (None if is_ours(on) else NVIDIA_TRITON),
    }
    names = [name for name, given in refs.items() if not given]
    with step(f"images: {', '.join(names) or 'none to build'}"):
        built = {name: build(name) for name in names}
        on.load_images([image.archive for image in built.values()])
    chosen = {name: given or built[name].ref for name, given in refs.items()}
    return Images(**chosen)


def is_ours(on: Target) -> bool:
    """Return whether the cluster is an embedded one, of which all is ours."""
    return isinstance(on, Embedded) or (isinstance(on, Current) and on.is_embedded)


def demand_images(on: Target) -> None:
    """Refuse a cluster that cannot be given an image when none is named that it can pull."""
    if isinstance(on, Current) and not is_ours(on) and not os.environ.get("OPERATOR_IMAGE"):
        raise StepError(
            f"no image can be loaded into the cluster of {on.kubeconfig}: it was not made here",
            "Set OPERATOR_IMAGE to an image that the nodes can pull (README.md, 'Install').",
        )


def not_made_by_us(kubectl: Kubectl, *resources: str) -> list[str]:
    """Return those of `kind/name` that exist without our label."""
    shown = {each: kubectl("get", each, "--ignore-not-found", "-o", "json") for each in resources}
    return [each for each in resources if shown[each] and not is_marked(json.loads(shown[each]))]


def is_marked(body: dict[str, Any]) -> bool:
    labels: dict[str, str] = body["metadata"].get("labels", {})
    return labels.get(MARK) == "true"


def install(kubectl: Kubectl, images: Images, *components: str) -> None:
    """Apply `manifests/base` and components of `manifests` with these images, and wait until the
    operator serves."""
    with step("install the operator from manifests/base"):
        text = rendered(_overlay(images, components))
        kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
        kubectl.wait_for_crds()
        try:
            kubectl("rollout", "status", *DEPLOYMENT, "--timeout=60s")
        except StepError as failure:
            logs = kubectl("logs", *DEPLOYMENT, "--tail=5", "--all-containers")
            pods = kubectl("get", "pods", "-n", NAMESPACE)
            raise StepError(
                f"the operator does not become ready\n{pods}{logs}",
                f"Run `kubectl -n {NAMESPACE} describe pods`.",
            ) from failure


def _overlay(images: Images, components: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return an overlay as in README.md, 'Install': only images and our label differ."""
    name, _, tag = images.operator.rpartition(":")
    environment = {
        "INFERENCE_OPERATOR_LOADER_IMAGE": images.operator,
        "INFERENCE_OPERATOR_TRITON_IMAGE": images.triton,
    }
    container = {
        "name": "operator",
        "env": [{"name": key, "value": value} for key, value in environment.items()],
    }
    patch = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "inference-operator"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    return {
        "resources": ["../base"],
        "components": [f"../{name}" for name in components],
        "images": [{"name": "inference-operator", "newName": name, "newTag": tag}],
        "patches": [{"patch": write_manifests([patch])}],
        "labels": [{"pairs": {MARK: "true"}}],
    }


def uninstall(kubectl: Kubectl) -> None:
    """Remove the operator and its custom resources, whose children go with them."""
    with step("remove the operator"):
        for name in CRDS:
            if kubectl.succeeds("get", "crd", name):
                # Without it crds/keep-models.yaml refuses to delete the CRD.
                kubectl("annotate", "crd", name, "inference.aipx.io/delete-models=true")
        kubectl("delete", "--ignore-not-found", "-k", str(ROOT / "manifests" / "base"))
