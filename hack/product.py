"""The operator on a cluster: its images built and loaded, `manifests/base` applied."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from hack.cluster.kubectl import Kubectl
from hack.cluster.target import Current, Embedded, Target, target
from hack.console import StepError, step
from hack.images.catalog import build
from hack.images.torch import torch_dir

ROOT = Path(__file__).resolve().parents[1]
NAMESPACE = "inference-operator"
DEPLOYMENT = ("deployment/inference-operator", "-n", NAMESPACE)
# What the operator uses where nobody says otherwise: Triton with every backend.
NVIDIA_TRITON = "nvcr.io/nvidia/tritonserver:26.01-py3"


@dataclass(frozen=True, slots=True)
class Images:
    """The images that a cluster's pods use."""

    operator: str
    triton: str


def cluster() -> Target:
    """The chosen cluster; PyTorch of this machine goes to Triton's pods where it is ours."""
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
        "triton": os.environ.get("TRITON_IMAGE") or (None if _is_ours(on) else NVIDIA_TRITON),
    }
    wanted = [name for name, given in refs.items() if not given]
    with step(f"images: {', '.join(wanted) or 'none to build'}"):
        built = {name: build(name) for name in wanted}
        on.load_images([image.archive for image in built.values()])
    chosen = {name: given or built[name].ref for name, given in refs.items()}
    return Images(**chosen)


def _is_ours(on: Target) -> bool:
    return isinstance(on, Embedded) or (isinstance(on, Current) and on.is_embedded)


def install(kubectl: Kubectl, images: Images) -> None:
    """Apply `manifests/base` with these images, and wait until the operator serves."""
    with step("install the operator from manifests/base"):
        with tempfile.TemporaryDirectory(dir=ROOT / "manifests") as overlay:
            _write_overlay(Path(overlay), images)
            rendered = kubectl("kustomize", overlay)
        kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=rendered)
        kubectl("wait", "--for=condition=Established", "crd/inferencemodels.inference.aipx.io")
        try:
            kubectl("rollout", "status", *DEPLOYMENT, "--timeout=60s")
        except StepError as failure:
            logs = kubectl("logs", *DEPLOYMENT, "--tail=5", "--all-containers")
            pods = kubectl("get", "pods", "-n", NAMESPACE)
            raise StepError(
                f"the operator does not become ready\n{pods}{logs}",
                f"`kubectl -n {NAMESPACE} describe pods` tells more.",
            ) from failure


def _write_overlay(folder: Path, images: Images) -> None:
    """As in README.md, 'Install': the images are the only thing that differs from the base."""
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
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../base"],
        "images": [{"name": "inference-operator", "newName": name, "newTag": tag}],
        "patches": [{"patch": yaml.safe_dump(patch)}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))


def uninstall(kubectl: Kubectl) -> None:
    """Remove the operator and its custom resources, whose children go with them."""
    with step("remove the operator"):
        kubectl("delete", "--ignore-not-found", "-k", str(ROOT / "manifests" / "base"))
