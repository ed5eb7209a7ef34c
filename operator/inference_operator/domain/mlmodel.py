"""Reader of MLflow's files about a logged model: its MLmodel file, and our tags on its version."""

import re
from collections.abc import Mapping
from typing import Any

from inference_operator.api.base import GROUP
from inference_operator.api.model import ModelFormat
from inference_operator.api.quoting import listed, python_value, short
from inference_operator.domain.bounded_json import JsonLimits, parse_json
from inference_operator.domain.bounded_yaml import YamlLimits, YamlRefusedError, parse_yaml
from inference_operator.domain.resolution import Facts, TensorFact

SHA256_TAG = f"{GROUP}/sha256"
ARTIFACT_TAG = f"{GROUP}/artifact"
FORMAT_TAG = f"{GROUP}/format"
MAX_BATCH_TAG = f"{GROUP}/max-batch-size"

# Bytes of an MLmodel file. MLflow's own have 1 to 2 KiB, and a signature of 500 tensors some 50.
MLMODEL_BYTES = 64 << 10
TOO_LONG = (
    f"its MLmodel file has more than {MLMODEL_BYTES:,} bytes, expected at most {MLMODEL_BYTES:,};"
    " log it again with a smaller signature and less metadata"
)
# MLflow writes anchors only if metadata holds one object twice.
_YAML = YamlLimits(size=MLMODEL_BYTES, depth=32, nodes=2_000)
# For a signature, which MLflow writes as JSON within the YAML.
_JSON = JsonLimits(size=MLMODEL_BYTES, depth=32)
# Longest key of an object store.
_MAX_PATH = 1024
# Limits of a tensor in a spec; see `api.model`.
_MAX_NAME, _MAX_TYPE, _MAX_DIMENSIONS, _MAX_DIMENSION = 240, 32, 16, 2**63 - 1

_FORMATS = ", ".join(ModelFormat)
_SUFFIXES = {
    ".pt": ModelFormat.TORCHSCRIPT,
    ".pth": ModelFormat.TORCHSCRIPT,
    ".onnx": ModelFormat.ONNX,
    ".plan": ModelFormat.TENSORRT,
}


class ModelUnusableError(ValueError):
    """A logged model cannot be served; the message gives the reason and the remedy."""


def facts(mlmodel: str, tags: Mapping[str, str]) -> Facts:
    """Return the facts in the MLmodel file and the version's tags; the tags win. Raises
    ModelUnusableError if the file is illegible, a tag has a bad value, or neither names the file to
    serve."""
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
    """Return the facts about a single logged file, whose suffix gives the format."""
    by_suffix = (of for suffix, of in _SUFFIXES.items() if path.endswith(suffix))
    model_format = _tagged_format(tags) or next(by_suffix, None)
    return Facts(path, model_format, _digest(tags), _max_batch(tags))


def _parsed(mlmodel: str) -> dict[str, Any]:
    if len(mlmodel) > MLMODEL_BYTES:
        raise ModelUnusableError(TOO_LONG)
    try:
        body = parse_yaml(mlmodel, _YAML)
    except YamlRefusedError as error:
        raise ModelUnusableError(f"{error.at('its MLmodel file')}; log it again") from None
    if not isinstance(body, dict) or not _is_flavors(body.get("flavors")):
        raise ModelUnusableError("its MLmodel file does not have a map of flavors; log it again")
    return body


def _is_flavors(value: object) -> bool:
    return not value or (isinstance(value, dict) and all(isinstance(name, str) for name in value))


def _artifact(
    flavors: Mapping[str, Any], tags: Mapping[str, str]
) -> tuple[ModelFormat | None, str]:
    format_, path = _tagged_format(tags), tags.get(ARTIFACT_TAG)
    if path is not None:
        if not _is_inner_path(path):
            raise ModelUnusableError(
                f"its tag {ARTIFACT_TAG} is {python_value(path)}, expected the path of a file in"
                f" its folder, of at most {_MAX_PATH:,} characters; correct the tag"
            )
        return format_ or _format_of(flavors), path
    by_flavor = _from_flavor(flavors)
    if by_flavor is None:
        there = listed(sorted(flavors), "none", short)
        raise ModelUnusableError(
            f"its flavors are {there}, expected pytorch or onnx; log it"
            f" with one of them, or name the file and its format in the tags {ARTIFACT_TAG} and"
            f" {FORMAT_TAG}"
        )
    return format_ or by_flavor[0], by_flavor[1]


def _format_of(flavors: Mapping[str, Any]) -> ModelFormat | None:
    if isinstance(flavors.get("pytorch"), dict):
        return ModelFormat.TORCHSCRIPT
    return ModelFormat.ONNX if isinstance(flavors.get("onnx"), dict) else None


def _from_flavor(flavors: Mapping[str, Any]) -> tuple[ModelFormat, str] | None:
    format_ = _format_of(flavors)
    if format_ is ModelFormat.TORCHSCRIPT:
        return format_, f"{_flavor_path(flavors, 'pytorch', 'model_data', 'data')}/model.pth"
    if format_ is ModelFormat.ONNX:
        return format_, _flavor_path(flavors, "onnx", "data", "model.onnx")
    return None


def _flavor_path(flavors: Mapping[str, Any], flavor: str, field: str, default: str) -> str:
    path = flavors[flavor].get(field, default)
    if not _is_inner_path(path):
        raise ModelUnusableError(
            f"flavors.{flavor}.{field} of its MLmodel file is {python_value(path)}, expected a path"
            f" in its folder, of at most {_MAX_PATH:,} characters; log it again"
        )
    return str(path)


def _is_inner_path(path: object) -> bool:
    return (
        isinstance(path, str)
        and 0 < len(path) <= _MAX_PATH
        and path.isprintable()
        and not path.startswith("/")
        and ".." not in path.split("/")
    )


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


def _bad_tag(tag: str, value: str, expected: str) -> ModelUnusableError:
    return ModelUnusableError(
        f"its tag {tag} is {python_value(value)}, expected {expected}; correct the tag"
    )


def _tensors(field: str, signature: Any) -> tuple[TensorFact, ...] | None:
    """Return the tensors of one side; None without a signature, or with one of columns."""
    written = signature.get(field) if isinstance(signature, dict) else None
    if not written:
        return None
    try:
        items = parse_json(written, _JSON) if isinstance(written, str) else written
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
    name, dtype, shape = item.get("name") or "", spec["dtype"], spec["shape"]
    if not _is_text(name, _MAX_NAME):
        raise ValueError(
            f"name: found {python_value(name)}, expected at most {_MAX_NAME} characters"
        )
    if not _is_text(dtype, _MAX_TYPE):
        raise ValueError(f"dtype: found {python_value(dtype)}, expected the name of a type")
    if not (isinstance(shape, list) and len(shape) <= _MAX_DIMENSIONS):
        raise ValueError(
            f"shape: found {python_value(shape)}, expected a list of at most"
            f" {_MAX_DIMENSIONS} dimensions"
        )
    for dimension in shape:
        if type(dimension) is not int or not -1 <= dimension <= _MAX_DIMENSION:
            raise ValueError(f"shape: found {python_value(dimension)}, expected a number, or -1")
    return TensorFact(name, dtype, tuple(shape))


def _is_text(value: object, limit: int) -> bool:
    return isinstance(value, str) and len(value) <= limit
