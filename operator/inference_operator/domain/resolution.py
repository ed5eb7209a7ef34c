"""Resolution of a `models:/` or `runs:/` uri by a registry: a version and its facts, or the reason
why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inference_operator.api.model import ModelFormat
from inference_operator.api.problem import Problem, joined
from inference_operator.api.quoting import python_value
from inference_operator.api.reasons import Reason
from inference_operator.api.source import Source
from inference_operator.api.source_uri import SourceUri

# Reasons that only a person can mend: the registry has answered that the model does not exist or
# cannot be served, or references form a cycle.
DEFINITE = frozenset(
    {
        Reason.REGISTERED_MODEL_NOT_FOUND,
        Reason.ALIAS_NOT_FOUND,
        Reason.VERSION_NOT_FOUND,
        Reason.RUN_NOT_FOUND,
        Reason.MODEL_UNUSABLE,
        Reason.REFERENCE_CYCLE,
    }
)

# An MLmodel file has no room for more tensors (`domain.mlmodel`), and names at most so many sizes.
_MOST_TENSORS = 4096
_MOST_DIMENSIONS = 64


@dataclass(frozen=True, slots=True)
class RegistryUri:
    """A registry uri in its parts: `name` with `alias` or `version`, or `run` with `path`."""

    name: str = ""
    alias: str = ""
    version: int = 0
    run: str = ""
    path: str = ""

    @classmethod
    def of(cls, uri: str) -> "RegistryUri | None":
        """Return the parts; None for a uri that no registry resolves."""
        parts = SourceUri.of(uri)
        if not (parts.is_in_registry and parts.is_well_formed):
            return None
        if parts.scheme == "runs":
            return cls(run=parts.authority, path=parts.path)
        name, _, alias = parts.authority.partition("@")
        return cls(name=name, alias=alias, version=int(parts.path or 0))

    @property
    def subject(self) -> str:
        """Subject of one request: a registered model with all its aliases, or a run."""
        return f"models:/{self.name}" if self.name else f"runs:/{self.run}"


@dataclass(frozen=True, slots=True, order=True)
class SourceKey:
    """One question to the registry: a uri, and the Secret to ask with."""

    uri: str
    secret: str = ""
    """Name of the Secret, in the unit's namespace; empty if the source names none."""

    @classmethod
    def of(cls, source: Source) -> "SourceKey":
        return cls(source.uri, source.secret_ref.name if source.secret_ref else "")


@dataclass(frozen=True, slots=True)
class TensorFact:
    """One tensor of a signature: numpy's dtype, and -1 for variable dimensions, including the
    batch's."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """A logged model's description of itself, in its MLmodel file and the tags of its version."""

    path: str
    """Path of the served file, within the model's folder."""

    format: ModelFormat | None = None
    sha256: str | None = None
    max_batch_size: int | None = None
    inputs: tuple[TensorFact, ...] | None = None
    outputs: tuple[TensorFact, ...] | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """The version that a uri stood for at the registry's last answer."""

    asked: str
    """The uri in the spec."""

    uri: str
    """The same without an alias: `models:/NAME/VERSION`."""

    version: int
    """The registry's version, which is Triton's too; 1 for a run."""

    run_id: str
    download: str
    """URL of the file, on the tracking server."""

    facts: Facts

    def __str__(self) -> str:
        digest = f", sha256 {self.facts.sha256}" if self.facts.sha256 else ""
        run = f"run {self.run_id}" if self.run_id else "no run"
        return f"{self.uri} ({run}{digest})"


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The reason why the registry gave no usable version, and since when."""

    reason: Reason
    problems: tuple[Problem, ...]
    """Problems at the fields of an InferenceModel, or of the pipeline whose step asks."""

    since: datetime | None = None

    @property
    def message(self) -> str:
        return joined(self.problems)

    @property
    def is_definite(self) -> bool:
        """True if waiting cannot help."""
        return self.reason in DEFINITE


Resolution = Resolved | Unresolved


def to_data(resolved: Resolved) -> dict[str, Any]:
    """Return the data that a ControllerRevision keeps."""
    facts = resolved.facts
    data = {
        "asked": resolved.asked,
        "uri": resolved.uri,
        "version": resolved.version,
        "runId": resolved.run_id,
        "download": resolved.download,
        "path": facts.path,
        "format": facts.format.value if facts.format else None,
        "sha256": facts.sha256,
        "maxBatchSize": facts.max_batch_size,
        "inputs": _tensor_data(facts.inputs),
        "outputs": _tensor_data(facts.outputs),
    }
    return {name: value for name, value in data.items() if value is not None}


def from_data(data: Mapping[str, Any]) -> Resolved:
    """Read the data of `to_data`. Raises KeyError, TypeError or ValueError if an edit changed it so
    that it would differ once it is written and read again."""
    return Resolved(
        asked=data["asked"],
        uri=data["uri"],
        version=_whole(data["version"]),
        run_id=data["runId"],
        download=data["download"],
        facts=Facts(
            path=data["path"],
            format=ModelFormat(data["format"]) if "format" in data else None,
            sha256=data.get("sha256"),
            max_batch_size=data.get("maxBatchSize"),
            inputs=_tensors(data.get("inputs")),
            outputs=_tensors(data.get("outputs")),
        ),
    )


def _tensor_data(tensors: tuple[TensorFact, ...] | None) -> list[dict[str, Any]] | None:
    if tensors is None:
        return None
    return [{"name": t.name, "dtype": t.dtype, "shape": list(t.shape)} for t in tensors]


def _tensors(data: Any) -> tuple[TensorFact, ...] | None:
    if data is None:
        return None
    if not isinstance(data, list | tuple) or len(data) > _MOST_TENSORS:
        raise TypeError(f"found {python_value(data)}, expected at most {_MOST_TENSORS} tensors")
    return tuple(TensorFact(t["name"], t["dtype"], _shape(t["shape"])) for t in data)


def _shape(data: Any) -> tuple[int, ...]:
    if not isinstance(data, list | tuple) or len(data) > _MOST_DIMENSIONS:
        raise TypeError(
            f"found {python_value(data)}, expected a list of at most {_MOST_DIMENSIONS} dimensions"
        )
    return tuple(map(_whole, data))


def _whole(data: Any) -> int:
    """Return the number unchanged. If reading changed a number, every pass would see a
    difference."""
    if type(data) is not int or not -(2**63) <= data < 2**63:
        raise TypeError(f"found {python_value(data)}, expected a whole number of 64 bits")
    return data
