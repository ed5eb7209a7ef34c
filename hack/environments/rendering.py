"""Environments as their folders render them, and the check of the images that they name."""

import re
from collections.abc import Iterable
from typing import Any

import yaml

from hack.console import StepError
from hack.overlays import MANIFESTS, kustomized
from hack.release import images_of

ENVIRONMENTS = MANIFESTS / "environments"
NAMES = ("local", "feature-branch", "dev", "prod")
_DIGEST = re.compile(r".+/.+@sha256:[0-9a-f]{64}")
_NONE_YET = f"@sha256:{'0' * 64}"


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
