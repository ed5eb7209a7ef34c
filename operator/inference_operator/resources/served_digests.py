"""The immutable ConfigMap of the digests that a revision has served."""

from collections.abc import Mapping
from typing import Any

from inference_operator.domain.digests_file import DIGESTS_FILE, digests_to_json
from inference_operator.domain.names import digests_name
from inference_operator.domain.serving_unit import Owner
from inference_operator.resources.metadata import Manifest, revision_metadata
from inference_operator.resources.volumes import DIGESTS


def served_digests(owner: Owner, revision: str, digests: Mapping[str, str]) -> Manifest:
    """Return the ConfigMap; `digests` are by the model's name in the repository."""
    metadata = revision_metadata(owner, revision)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**metadata, "name": digests_name(metadata["name"])},
        "immutable": True,
        "data": {DIGESTS_FILE: digests_to_json(digests)},
    }


def reads_digests(deployment: Mapping[str, Any]) -> bool:
    """Return whether the pods compare their artifacts; those of older operators do not."""
    volumes = deployment["spec"]["template"]["spec"].get("volumes") or ()
    return any(volume.get("name") == DIGESTS for volume in volumes)
