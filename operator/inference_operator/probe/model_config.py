"""Triton's configuration of a model, reduced to what a request needs. The server may run any code,
so every value is checked and bounded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST_TENSORS = 1024
MOST_STEPS = 1024
MOST_DIMS = 64
_LARGEST = 2**63

# Bytes of an element; a zero of every type is zero bytes, and an empty string a length of 0.
ELEMENT_BYTES = {
    "BOOL": 1,
    "UINT8": 1,
    "UINT16": 2,
    "UINT32": 4,
    "UINT64": 8,
    "INT8": 1,
    "INT16": 2,
    "INT32": 4,
    "INT64": 8,
    "FP16": 2,
    "BF16": 2,
    "FP32": 4,
    "FP64": 8,
    "BYTES": 4,
}


class ConfigUnreadableError(ValueError):
    """A configuration that is not one of Triton's."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output, with dims that exclude the batch dimension."""

    name: str
    data_type: str
    """Name in Triton's protocol: FP32, BYTES."""

    dims: tuple[int, ...]
    optional: bool = False
    ragged: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """A warm-up sample: the batch size, and the inputs with fixed dims."""

    batch_size: int
    inputs: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class ProbedModel:
    """The model that clients call."""

    name: str
    version: str
    max_batch_size: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    sample: Sample | None = None
    steps: Mapping[tuple[str, str], int] | None = None
    """Of an ensemble: how often it runs each model and version; -1 is the newest version."""

    has_sequences: bool = False
    named_sequences: bool = False
    """Whether sequences have strings for ids."""

    sequence_idle_seconds: float = 0.0
    """Time for which a client may hold a place without sending anything."""

    decoupled: bool = False
    cached: bool = False
    reshapes_batch: bool = False
    """Whether outputs have other batch dimensions than inputs."""


def read_model(name: str, version: str, config: Any) -> ProbedModel:
    """Return the model of a parsed `/config`; raise ConfigUnreadableError if it is not one."""
    body = _map(config)
    sequences = _map(body.get("sequence_batching"))
    ensemble = body.get("ensemble_scheduling")
    return ProbedModel(
        name=name,
        version=version,
        max_batch_size=_number(body.get("max_batch_size", 0)),
        inputs=tuple(_tensor(item) for item in _list(body.get("input"), MOST_TENSORS)),
        outputs=tuple(_tensor(item) for item in _list(body.get("output"), MOST_TENSORS)),
        sample=_sample(_list(body.get("model_warmup"), 1024)),
        steps=_steps(_map(ensemble)) if ensemble else None,
        has_sequences=bool(sequences),
        named_sequences=bool(sequences) and "TYPE_STRING" in str(sequences)[:100_000],
        sequence_idle_seconds=_number(sequences.get("max_sequence_idle_microseconds", 0)) / 1e6,
        decoupled=bool(_map(body.get("model_transaction_policy")).get("decoupled")),
        cached=bool(_map(body.get("response_cache")).get("enable")),
        reshapes_batch=bool(body.get("batch_output")),
    )


def data_type(name: object) -> str:
    """Return the protocol's name of a type of config.pbtxt.

    >>> data_type("TYPE_STRING"), data_type("TYPE_FP32")
    ('BYTES', 'FP32')
    """
    text = name if isinstance(name, str) else ""
    short = "BYTES" if text == "TYPE_STRING" else text.removeprefix("TYPE_")
    if short not in ELEMENT_BYTES:
        raise ConfigUnreadableError(f"found data type {text[:40]!r}")
    return short


def _tensor(item: Any) -> Tensor:
    body = _map(item)
    return Tensor(
        name=_name(body.get("name")),
        data_type=data_type(body.get("data_type")),
        dims=tuple(_number(dim) for dim in _list(body.get("dims"), MOST_DIMS)),
        optional=body.get("optional") is True,
        ragged=body.get("allow_ragged_batch") is True,
    )


def _sample(samples: list[Any]) -> Sample | None:
    """Return the first warm-up sample."""
    if not samples:
        return None
    body = _map(samples[0])
    inputs = _map(body.get("inputs"))
    if len(inputs) > MOST_TENSORS:
        raise ConfigUnreadableError("found too many inputs of a warm-up sample")
    tensors = tuple(_tensor({**_map(item), "name": name}) for name, item in inputs.items())
    return Sample(max(1, _number(body.get("batch_size", 1))), tensors)


def _steps(ensemble: Mapping[str, Any]) -> Mapping[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for item in _list(ensemble.get("step"), MOST_STEPS):
        step = _map(item)
        key = _name(step.get("model_name")), str(_number(step.get("model_version", -1)))
        counts[key] = counts.get(key, 0) + 1
    return counts


def _map(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigUnreadableError("found another value in place of a map")
    return value


def _list(value: Any, most: int) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > most:
        raise ConfigUnreadableError(f"expected a list of at most {most}")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 1024:
        raise ConfigUnreadableError("expected a name")
    return value


def _number(value: Any) -> int:
    # Triton writes int64 as a string in some versions.
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) < 20:
        value = int(value)
    if type(value) is not int or not -1 <= value < _LARGEST:
        raise ConfigUnreadableError("expected a whole number")
    return value


def versions_of(model: ProbedModel) -> Iterator[tuple[str, str, int]]:
    """Yield each model that one request runs, its version, and how often."""
    yield model.name, model.version, 1
    for (name, version), count in (model.steps or {}).items():
        yield name, version, count
