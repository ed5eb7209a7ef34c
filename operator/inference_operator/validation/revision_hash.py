"""The hash of those parts of a spec that make a revision."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import Model
from inference_operator.api.serving_spec import ServingSpec
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.pins import Pin
from inference_operator.domain.resolution import Resolved
from inference_operator.validation.signature import CompletedSpec

# Everything that decides how pods serve. Not replicas and rollout, nor the operator's defaults: a
# new default image or a new rendering restarts nothing until the spec itself changes.
_DECIDING = {
    "model",
    "steps",
    "inputs",
    "outputs",
    "max_batch_size",
    "triton",
    "resources",
    "placement",
    "image_pull_secrets",
    "service_account_name",
}


def with_default_image(spec_hash: str, image: str) -> str:
    """Return the revision of an unchanged spec that is rolled out with a new default image."""
    return hashlib.sha256(f"{spec_hash} {image}".encode()).hexdigest()[:10]


def revision_hash(
    spec: InferenceModelSpec, model_name: str, mode: Mode, resolved: Resolved | None = None
) -> str:
    """Return ten hexadecimal digits. Equal specs have equal hashes, with or without defaults.

    `spec` is as it was written. A registry's version counts by its number and run only, because
    tags may be edited and the tracking server may move.
    """
    deciding = _deciding(spec, model_name, mode)
    if resolved is not None:
        _add_resolved(deciding, spec.model, resolved)
    return _hash(deciding)


def pipeline_hash(
    spec: EnsemblePipelineSpec,
    name: str,
    mode: Mode,
    pins: Mapping[str, Pin],
    inline: Mapping[str, CompletedSpec],
) -> str:
    """Return the hash of a pipeline, which includes the pins and versions of its steps."""
    deciding = _deciding(spec, name, mode)
    for step, written in zip(spec.steps, deciding["steps"], strict=True):
        if step.name in pins:
            written["pin"] = pins[step.name].content
        completed = inline.get(step.name)
        if completed is not None and completed.resolved is not None:
            _add_resolved(written, completed.written.model, completed.resolved)
    return _hash(deciding)


def _deciding(spec: ServingSpec, name: str, mode: Mode) -> dict[str, Any]:
    deciding: dict[str, Any] = spec.model_dump(
        mode="json", include=_DECIDING, exclude_defaults=True
    )
    deciding["name"] = name
    if spec.accelerator is not None:
        deciding["mode"] = mode.value
        if mode is Mode.ACCELERATOR:
            deciding["accelerator"] = {
                "resource": spec.accelerator.resource,
                "count": spec.accelerator.count,
            }
    return deciding


def _add_resolved(deciding: dict[str, Any], model: Model, resolved: Resolved) -> None:
    if model.has("max_batch_size") and not model.max_batch_size:
        # Otherwise equal to none at all, which leaves it to the version's tag.
        deciding["model"]["max_batch_size"] = 0
    deciding["resolved"] = {"version": resolved.version, "run": resolved.run_id}


def _hash(deciding: Mapping[str, Any]) -> str:
    text = json.dumps(deciding, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]
