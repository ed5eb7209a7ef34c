"""The repository plan, which the operator writes into a ConfigMap and `load` reads in the pod."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from inference_operator.api.quoting import python_value, shown
from inference_operator.api.shown_uri import shown_uri
from inference_operator.api.source_uri import PREFIXES, SourceUri
from inference_operator.domain.bounded_json import JsonLimits, JsonRefusedError, parse_json

PLAN_FILE = "plan.json"
CONFIG_SUFFIX = ".config.pbtxt"
# Variables of the init container.
CACHE_VARIABLE = "INFERENCE_OPERATOR_ARTIFACT_CACHE_URL"
SIZE_LIMIT_VARIABLE = "INFERENCE_OPERATOR_SIZE_LIMIT"
# Bytes of all values of a ConfigMap.
MOST_DATA = 1 << 20
# Each has a file in the ConfigMap.
MOST_MODELS = 1023
# A model is two objects, one of them its source.
_CONTAINERS_A_MODEL = 4

# One folder. No leading dot: `load` keeps its staging folders under such names.
_NAME = re.compile(r"[A-Za-z0-9_][-._A-Za-z0-9]{0,252}")
# A name and CONFIG_SUFFIX are one key of a ConfigMap, which takes 253 characters.
_MOST_MODEL_NAME = 240
# Triton's versions are int64.
_LAST_VERSION = 2**63 - 1
# Bytes: more than any node has.
MOST_SIZE = 2**60
_SHA256 = re.compile(r"[0-9a-f]{64}")


_SCHEMES = ("https", "http", "pvc", "s3", "gs", "oci")
_PREFIXES = ", ".join(PREFIXES[scheme] for scheme in _SCHEMES)
# Control characters, and halves of characters, which have no bytes.
_UNREADABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\ud800-\udfff]")

# `model_builders.builtin` has the same names: a test holds both equal.
BUILTINS = ("weightedAverage", "ohlcvFeatures", "tokenizer")
TOKENIZER = "tokenizer"


def is_sha256(value: object) -> bool:
    """Return whether the value is a digest: 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


class ArtifactFormat(StrEnum):
    """Format of an artifact: the values of `api.model.ModelFormat`, without importing pydantic.
    `load` must start at once, and pydantic alone costs it half a second: a test holds both equal.
    An ensemble is a config.pbtxt and no artifact."""

    TORCHSCRIPT = "torchscript"
    ONNX = "onnx"
    TENSORRT = "tensorrt"
    PYTHON = "python"
    CUSTOM = "custom"
    ENSEMBLE = "ensemble"


class PlanError(ValueError):
    """A text that is not a repository plan; the message names field, value and requirement."""


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """One model of the repository, and the source of its artifact.

    `uri` is None for ensembles and built-in steps, which have no artifact; a tokenizer's uri may be
    that of its vocabulary. `credentials` is the name of a folder under `--credentials` (a mounted
    Secret), or None. `builtin` is one of `BUILTINS`, or None. `size_limit` is how many bytes the
    artifact may take on the node, or None if its spec does not set it.
    """

    name: str
    version: int
    format: ArtifactFormat
    uri: str | None = None
    sha256: str | None = None
    credentials: str | None = None
    builtin: str | None = None
    size_limit: int | None = None

    def __post_init__(self) -> None:
        _check(
            _NAME.fullmatch(self.name) and len(self.name) <= _MOST_MODEL_NAME,
            "name",
            self.name,
            f"a model name without slashes, of at most {_MOST_MODEL_NAME} characters",
        )
        _check(
            1 <= self.version <= _LAST_VERSION, "version", self.version, "a whole number from 1 on"
        )
        self._check_builtin()
        self._check_uri()
        _check(
            self.sha256 is None or (self.uri and _SHA256.fullmatch(self.sha256)),
            "source.sha256",
            self.sha256,
            "64 lower-case hexadecimal digits or null" if self.uri else "null without a uri",
        )
        _check(
            self.credentials is None or (self.uri and _NAME.fullmatch(self.credentials)),
            "credentials",
            self.credentials,
            "the name of a folder or null" if self.uri else "null without a uri",
        )
        _check(
            self.size_limit is None or (self.uri and 1 <= self.size_limit <= MOST_SIZE),
            "sizeLimit",
            self.size_limit,
            f"a number of bytes from 1 to {MOST_SIZE}, or null" if self.uri else "null without uri",
        )

    def _check_builtin(self) -> None:
        _check(
            self.builtin is None or self.builtin in BUILTINS,
            "builtin",
            self.builtin,
            f"one of {', '.join(BUILTINS)}, or nothing",
        )
        _check(
            self.builtin is None or self.format is ArtifactFormat.PYTHON,
            "format",
            self.format.value,
            "python for a built-in step",
        )

    def _check_uri(self) -> None:
        uri = shown_uri(self.uri) if self.uri else self.uri
        has_none = self.format is ArtifactFormat.ENSEMBLE or self.builtin not in (None, TOKENIZER)
        if has_none:
            kind = "a built-in step" if self.builtin else "an ensemble"
            _check(self.uri is None, "source.uri", uri, f"null for {kind} without an artifact")
        elif self.uri is not None or self.builtin is None:
            source = self._source
            is_known = source.scheme in _SCHEMES
            _check(is_known, "source.uri", uri, f"an address that starts with {_PREFIXES}")
            _check(
                source.authority and not _UNREADABLE.search(source.text),
                "source.uri",
                uri,
                "the name of a host, bucket or claim behind it, and no control characters",
            )

    @property
    def claim(self) -> str | None:
        """Name of the volume claim that the artifact is on, or None."""
        return self._source.authority if self._source.scheme == "pvc" else None

    @property
    def _source(self) -> SourceUri:
        return SourceUri.of(self.uri or "")

    @property
    def config_file(self) -> str:
        """Name of the model's config.pbtxt in the plan's folder."""
        return f"{self.name}{CONFIG_SUFFIX}"


@dataclass(frozen=True, slots=True)
class RepositoryPlan:
    """All models that the init container lays out into one Triton model repository."""

    models: tuple[PlannedModel, ...]

    def to_json(self) -> str:
        """Return the text of `plan.json`; equal plans give equal text."""
        return json.dumps({"models": [_as_dict(model) for model in self.models]}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, most: int = MOST_MODELS) -> "RepositoryPlan":
        """Read `plan.json` of at most `most` models; raise PlanError if it is not valid."""
        containers = _CONTAINERS_A_MODEL * (most + 1)
        try:
            data = parse_json(text, JsonLimits(size=MOST_DATA, containers=containers))
        except JsonRefusedError as error:
            raise PlanError(f"{PLAN_FILE}: {error}") from None
        except ValueError as error:
            raise PlanError(f"{PLAN_FILE} is not JSON: {error}") from None
        models = data.get("models") if isinstance(data, dict) else None
        if not isinstance(models, list) or not models:
            raise PlanError(f"{PLAN_FILE}: expected an object with a list `models` of one or more")
        if len(models) > most:
            raise PlanError(f"{PLAN_FILE}: found {len(models):,} models, expected at most {most:,}")
        planned = tuple(_model(index, item) for index, item in enumerate(models))
        names = [model.name for model in planned]
        # Volumes may ignore upper and lower case. Names beyond ASCII are refused above.
        if len({name.lower() for name in names}) != len(names):
            raise PlanError(
                f"{PLAN_FILE}: names of models must be unique, and differ by more than upper and"
                f" lower case, found {shown(names)}"
            )
        return cls(planned)


def _check(holds: object, field: str, value: object, expected: str) -> None:
    if not holds:
        shown_value = python_value(value)
        raise PlanError(f"{field}: found {shown_value}, expected {expected}")


def _as_dict(model: PlannedModel) -> dict[str, object]:
    data: dict[str, object] = {
        "name": model.name,
        "version": model.version,
        "format": model.format.value,
    }
    # Written only where set, so that plan.json of older revisions stays byte for byte.
    if model.uri is not None:
        data["source"] = {"uri": model.uri, "sha256": model.sha256}
        data["credentials"] = model.credentials
    if model.builtin is not None:
        data["builtin"] = model.builtin
    if model.size_limit is not None:
        data["sizeLimit"] = model.size_limit
    return data


def _model(index: int, item: Any) -> PlannedModel:
    try:
        source = item.get("source") or {}
        values = (item["name"], item["version"], item["format"])
        optional = (
            source["uri"] if source else None,
            source.get("sha256"),
            item.get("credentials"),
            item.get("builtin"),
        )
        size_limit = item.get("sizeLimit")
    except (TypeError, KeyError, AttributeError) as error:
        raise PlanError(
            f"{PLAN_FILE}: models[{index}]: missing or of the wrong type: {error}"
        ) from None
    name, version, kind = values
    _check(type(version) is int, f"models[{index}].version", version, "a whole number from 1 on")
    texts = {"name": name, "format": kind}
    fields = ("source.uri", "source.sha256", "credentials", "builtin")
    texts |= {key: value for key, value in zip(fields, optional, strict=True) if value is not None}
    for field, text in texts.items():
        _check(isinstance(text, str), f"models[{index}].{field}", text, "a string")
    _check(
        size_limit is None or type(size_limit) is int,
        f"models[{index}].sizeLimit",
        size_limit,
        "a whole number of bytes",
    )
    formats = [artifact_format.value for artifact_format in ArtifactFormat]
    _check(kind in formats, f"models[{index}].format", kind, f"one of {', '.join(formats)}")
    try:
        return PlannedModel(name, version, ArtifactFormat(kind), *optional, size_limit)
    except PlanError as error:
        raise PlanError(f"{PLAN_FILE}: models[{index}].{error}") from None
