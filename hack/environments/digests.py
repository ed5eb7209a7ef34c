"""The images of manifests/environments/images, by digest, as one command writes them."""

import re
from collections.abc import Mapping
from pathlib import Path

from hack.environments.rendering import ENVIRONMENTS
from hack.release import by_digest

FILE = ENVIRONMENTS / "images" / "kustomization.yaml"
# Option -> the name in the manifests; Triton's is the value of a variable.
IMAGES: Mapping[str, str] = {
    "operator": "inference-operator",
    "gateway": "inference-gateway",
    "mlflow": "mlflow-server",
    "redis": "redis-server",
}
_TRITON = re.compile(r"(name: INFERENCE_OPERATOR_TRITON_IMAGE\n\s+value: )\S+")


def write_images(references: Mapping[str, str], file: Path = FILE) -> None:
    """Write references with a digest, by option (`operator`, `triton`, ...); others stay.

    Raises:
        StepError: if a reference has no digest; nothing is written then.
    """
    checked = {option: by_digest(given, option.upper()) for option, given in references.items()}
    text = file.read_text("utf-8")
    for option, reference in checked.items():
        name, _, digest = reference.partition("@")
        if option == "triton":
            text = _TRITON.sub(rf"\g<1>{reference}", text)
        else:
            lines = rf"(- name: {IMAGES[option]}\n\s+newName: )\S+(\n\s+digest: )\S+"
            text = re.sub(lines, rf"\g<1>{name}\g<2>{digest}", text)
    file.write_text(text, "utf-8")
