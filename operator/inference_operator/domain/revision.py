"""Which part of a spec makes a revision, and its hash."""

import hashlib
import json
from typing import Any

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.resolution import Resolved

# Everything that decides how pods serve. Not replicas and rollout, nor the operator's defaults: a
# new default image or a new rendering restarts nothing until the spec itself changes.
_DECIDING = {
    "model",
    "triton",
    "resources",
    "placement",
    "image_pull_secrets",
    "service_account_name",
}


def with_default_image(spec_hash: str, image: str) -> str:
    """The revision of a spec that was rolled out again since the default image changed."""
    return hashlib.sha256(f"{spec_hash} {image}".encode()).hexdigest()[:10]


def revision_hash(
    spec: InferenceModelSpec, model_name: str, mode: Mode, resolved: Resolved | None = None
) -> str:
    """Ten hexadecimal digits; equal specs give equal hashes, written defaults or not.

    `spec` is as it was written. Of a registry's version its number and its run decide: tags may be
    edited, and the tracking server may move.
    """
    deciding: dict[str, Any] = spec.model_dump(
        mode="json", include=_DECIDING, exclude_defaults=True
    )
    deciding["name"] = model_name
    if spec.accelerator is not None:
        deciding["mode"] = mode.value
        if mode is Mode.ACCELERATOR:
            deciding["accelerator"] = {
                "resource": spec.accelerator.resource,
                "count": spec.accelerator.count,
            }
    if resolved is not None:
        if spec.model.has("max_batch_size") and not spec.model.max_batch_size:
            # Otherwise equal to none at all, which leaves it to the version's tag.
            deciding["model"]["max_batch_size"] = 0
        deciding["resolved"] = {"version": resolved.version, "run": resolved.run_id}
    text = json.dumps(deciding, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]
