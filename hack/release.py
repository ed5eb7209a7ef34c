"""The manifests of a release, with every image by its digest.

`python -m hack.release --image REGISTRY/NAME@sha256:DIGEST` writes files that `kubectl apply
--server-side -f` takes. A tag can be moved to another image after the release; a digest cannot.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

import yaml

from hack.console import StepError
from hack.overlays import kustomized, rendered
from hack.product import ROOT
from inference_operator.domain.allow_lists import IMAGE
from inference_operator.domain.kubectl_yaml import write_manifests

MANIFESTS = ROOT / "manifests"
# File -> the folder of manifests that it is made of, and the components that are added.
FILES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "install.yaml": ("base", ()),
    "install-with-cache.yaml": ("base", ("cache",)),
    "install-namespaced.yaml": ("namespaced", ()),
}
_LOADER, _TRITON = "INFERENCE_OPERATOR_LOADER_IMAGE", "INFERENCE_OPERATOR_TRITON_IMAGE"


def by_digest(reference: str, option: str) -> str:
    """Return the reference without its tag, which a digest makes meaningless.

    Raises:
        StepError: if it has no digest, no registry's host, or a form that no runtime pulls.
    """
    name, at, digest = reference.partition("@")
    if not at or not re.fullmatch(IMAGE, reference, re.ASCII):
        raise StepError(
            f"{option}: found {reference!r}, expected REGISTRY/NAME@sha256: and 64 hexadecimal"
            " digits, with the registry's host (Docker's is docker.io) in lower case",
            "Push the image, and take the digest that the registry answers: a tag can be moved.",
        )
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}@{digest}"


def release(image: str, output: Path, triton: str = "") -> list[Path]:
    """Write the files of a release; `image` and `triton` are references with a digest.

    Raises:
        StepError: if a reference has no digest, or an image of the manifests would be another.
    """
    image = by_digest(image, "--image")
    triton = by_digest(triton, "--triton-image") if triton else ""
    texts = {name: _rendered(*parts, image, triton) for name, parts in FILES.items()}
    texts["crds.yaml"] = kustomized(ROOT / "crds")
    output.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        _check(name, text, {image, triton} - {""})
        (output / name).write_text(text, "utf-8")
    return [output / name for name in texts]


def _rendered(folder: str, components: tuple[str, ...], image: str, triton: str) -> str:
    name, _, digest = image.partition("@")
    environment = [{"name": _LOADER, "value": image}]
    environment += [{"name": _TRITON, "value": triton}] if triton else []
    patch = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "inference-operator", "namespace": "inference-operator"},
        "spec": {"template": {"spec": {"containers": [{"name": "operator", "env": environment}]}}},
    }
    overlay = {
        "resources": [f"../{folder}"],
        "components": [f"../{component}" for component in components],
        "images": [{"name": "inference-operator", "newName": name, "digest": digest}],
        "patches": [{"patch": write_manifests([patch])}],
    }
    return rendered(overlay)


def _check(file: str, text: str, given: Set[str]) -> None:
    for body in yaml.safe_load_all(text):
        for path, image in images_of(body):
            if image not in given:
                raise StepError(
                    f"{file}: {body['kind']} {body['metadata']['name']}, {path}: found {image!r},"
                    f" expected one of those given, {' or '.join(sorted(given))}",
                    "Set it with hack/release.py.",
                )


def images_of(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each image that a manifest names, in a container or in a setting, and where."""
    if "template" not in body.get("spec", {}):
        return
    pod = body["spec"]["template"]["spec"]
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        yield f"container {container['name']}", container["image"]
        for variable in container.get("env", ()):
            if variable["name"] in (_LOADER, _TRITON):
                yield variable["name"], variable["value"]


def main() -> int:
    """Write the files, and list them."""
    parser = argparse.ArgumentParser(description="Write the manifests of a release.")
    parser.add_argument("--image", required=True, help="the operator's image, with its digest")
    parser.add_argument(
        "--triton-image", default="", help="default image of Triton, with its digest"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "release")
    given = parser.parse_args()
    try:
        written = release(given.image, given.output, given.triton_image)
    except StepError as failure:
        print(f"{failure}\n{failure.remedy}", file=sys.stderr)
        return 1
    for path in written:
        print(path)
    if not given.triton_image:
        print(
            "note: specs that name no image get the operator's default Triton image by its tag;"
            " --triton-image sets one by its digest",
            file=sys.stderr,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
