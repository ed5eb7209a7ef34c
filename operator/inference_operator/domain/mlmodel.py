"""Reads what MLflow writes about a logged model: its MLmodel file, and our tags on its version."""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from inference_operator.api.base import GROUP
from inference_operator.api.model import ModelFormat
from inference_operator.domain.resolution import Facts, TensorFact

SHA256_TAG = f"{GROUP}/sha256"
ARTIFACT_TAG = f"{GROUP}/artifact"
FORMAT_TAG = f"{GROUP}/format"
MAX_BATCH_TAG = f"{GROUP}/max-batch-size"

_FORMATS = ", ".join(ModelFormat)
_SUFFIXES = {
    ".pt": ModelFormat.TORCHSCRIPT,
    ".pth": ModelFormat.TORCHSCRIPT,
    ".onnx": ModelFormat.ONNX,
    ".plan": ModelFormat.TENSORRT,
}


class ModelUnusableError(ValueError):
    """A logged model cannot be served; the message says what was found and what to do."""


def facts(mlmodel: str, tags: Mapping[str, str]) -> Facts:
    """What the MLmodel file and the version's tags say; the tags win.

    ModelUnusableError where the file is illegible, a tag is no value of its kind, or neither says
    which file is to be served.
    """
    body = _parsed(mlmodel)
    format_, path = _artifact(body.get("flavors") or {}, tags)
    signature = body.get("signature") or {}
    return Facts(
        path=path,
        format=format_,
        sha256=_digest(tags),
        max_batch_size=_max_batch(tags),
        inputs=_tensors("inputs", signature),
        outputs=_tensors("outputs", signature),
    )


def file_facts(path: str, tags: Mapping[str, str]) -> Facts:
    """Of a single file that was logged as it is: its suffix says the format."""
    known = {suffix: found for suffix, found in _SUFFIXES.items() if path.endswith(suffix)}
    found = _tagged_format(tags) or next(iter(known.values()), None)
    return Facts(path, found, _digest(tags), _max_batch(tags))


def _parsed(mlmodel: str) -> dict[str, Any]:
    try:
        body = yaml.safe_load(mlmodel)
    except yaml.YAMLError as error:
        flat = " ".join(str(error).split())
        raise ModelUnusableError(f"its MLmodel file is no YAML ({flat}); log it again") from None
    if not isinstance(body, dict) or not isinstance(body.get("flavors") or {}, dict):
        raise ModelUnusableError("its MLmodel file has no map of flavors; log it again")
    return body


def _artifact(
    flavors: Mapping[str, Any], tags: Mapping[str, str]
) -> tuple[ModelFormat | None, str]:
    format_, path = _tagged_format(tags), tags.get(ARTIFACT_TAG)
    by_flavor = _from_flavor(flavors)
    if path is not None:
        if path.startswith("/") or ".." in path.split("/"):
            raise ModelUnusableError(
                f"its tag {ARTIFACT_TAG} is {path!r}, expected the path of a file in its folder;"
                " correct the tag"
            )
        return format_ or (by_flavor[0] if by_flavor else None), path
    if by_flavor is None:
        names = ", ".join(sorted(flavors)) or "none"
        raise ModelUnusableError(
            f"its flavors are {names}, expected pytorch or onnx; log it with one of them, or name"
            f" the file and its format in the tags {ARTIFACT_TAG} and {FORMAT_TAG}"
        )
    return format_ or by_flavor[0], by_flavor[1]


def _from_flavor(flavors: Mapping[str, Any]) -> tuple[ModelFormat, str] | None:
    if isinstance(flavor := flavors.get("pytorch"), dict):
        return ModelFormat.TORCHSCRIPT, f"{flavor.get('model_data', 'data')}/model.pth"
    if isinstance(flavor := flavors.get("onnx"), dict):
        return ModelFormat.ONNX, str(flavor.get("data", "model.onnx"))
    return None


def _tagged_format(tags: Mapping[str, str]) -> ModelFormat | None:
    written = tags.get(FORMAT_TAG)
    if written is None:
        return None
    try:
        return ModelFormat(written)
    except ValueError:
        raise _bad_tag(FORMAT_TAG, written, f"one of {_FORMATS}") from None


def _digest(tags: Mapping[str, str]) -> str | None:
    written = tags.get(SHA256_TAG)
    if written is not None and not re.fullmatch(r"[0-9a-f]{64}", written):
        raise _bad_tag(SHA256_TAG, written, "64 lower-case hexadecimal digits")
    return written


def _max_batch(tags: Mapping[str, str]) -> int | None:
    written = tags.get(MAX_BATCH_TAG)
    if written is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", written) or int(written) > 65536:
        raise _bad_tag(MAX_BATCH_TAG, written, "a whole number from 0 to 65536")
    return int(written)


def _bad_tag(tag: str, found: str, expected: str) -> ModelUnusableError:
    return ModelUnusableError(f"its tag {tag} is {found!r}, expected {expected}; correct the tag")


def _tensors(field: str, signature: Mapping[str, Any]) -> tuple[TensorFact, ...] | None:
    """The tensors of one side; None where there is no signature, or one of columns."""
    written = signature.get(field)
    if not written:
        return None
    try:
        items = json.loads(written) if isinstance(written, str) else written
        if any(item.get("type") != "tensor" for item in items):
            return None
        return tuple(_tensor(item) for item in items)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelUnusableError(
            f"the {field} of its signature cannot be read ({error}); log it again with a signature"
            " of TensorSpec"
        ) from None


def _tensor(item: Mapping[str, Any]) -> TensorFact:
    spec = item["tensor-spec"]
    shape = tuple(int(dim) for dim in spec["shape"])
    return TensorFact(str(item.get("name") or ""), str(spec["dtype"]), shape)
