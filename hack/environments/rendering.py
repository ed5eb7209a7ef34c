"""Rendering of overlays beside the manifests, and the check of the images that they name."""

import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from hack.cluster.kubectl import Kubectl
from hack.console import StepError
from hack.product import ROOT
from hack.release import images_of
from inference_operator.domain.kubectl_yaml import write_manifests

ENVIRONMENTS = ROOT / "manifests" / "environments"
NAMES = ("local", "feature-branch", "dev", "prod")
_DIGEST = re.compile(r".+/.+@sha256:[0-9a-f]{64}")
_NONE_YET = f"@sha256:{'0' * 64}"


def render(overlay: Mapping[str, Any]) -> str:
    """Return the objects of an overlay, whose resources are relative to `manifests/NAME`."""
    with tempfile.TemporaryDirectory(dir=ROOT / "manifests", prefix=".overlay-") as folder:
        (Path(folder) / "kustomization.yaml").write_text(write_manifests([overlay]))
        return kustomized(Path(folder))


def kustomized(folder: Path) -> str:
    """Return the objects of a folder, by the kustomize of kubectl, which asks no cluster."""
    return Kubectl(Path("/dev/null"))("kustomize", str(folder))


def environment(name: str) -> str:
    """Return the objects of an environment.

    Raises:
        StepError: if there is none of that name, or an image has no digest.
    """
    if name not in NAMES:
        raise StepError(
            f"NAME: found {name!r}, expected one of {', '.join(NAMES)}",
            "For example `make environment NAME=local`.",
        )
    text = kustomized(ENVIRONMENTS / name)
    check_images(parsed(text))
    return text


def parsed(text: str) -> Iterable[dict[str, Any]]:
    """Return the objects of a rendered text; the CRDs take Python's own parser 20 s."""
    return yaml.load_all(text, yaml.CSafeLoader)


def check_images(bodies: Iterable[dict[str, Any]]) -> None:
    """Refuse images without a digest, and the zeros that stand for none.

    Raises:
        StepError: with the first image, where it is, and what to do.
    """
    for body in bodies:
        for path, image in images_of(body):
            if not _DIGEST.fullmatch(image) or image.endswith(_NONE_YET):
                raise StepError(
                    f"{body['kind']} {body['metadata']['name']}, {path}: found {image!r},"
                    " expected REGISTRY/NAME@sha256: and the digest of an image",
                    "Push the images, and run `make environment-images OPERATOR=REGISTRY/NAME@"
                    "sha256:... GATEWAY=... TRITON=... MLFLOW=... REDIS=...`; each is optional.",
                )
