"""Completes a spec with what the registry knows of the version: format, tensors, largest batch.

What the spec says wins; where the version says otherwise, a sentence tells it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import ValidationError

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import DESCRIBE_THEMSELVES, DataType, ModelFormat, Tensor
from inference_operator.api.quoting import MOST_PROBLEMS, listed, short
from inference_operator.api.rules import sentence
from inference_operator.api.validate import field_errors
from inference_operator.domain.resolution import Facts, Resolved, TensorFact

_SIDES = ("inputs", "outputs")
_TYPES = {
    "bool": DataType.BOOL,
    **{f"{kind}{bits}": DataType(f"{kind.upper()}{bits}")
       for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
    "float16": DataType.FP16,
    "float32": DataType.FP32,
    "float64": DataType.FP64,
    "object": DataType.STRING,
    "str": DataType.STRING,
}  # fmt: skip
_NAMES = {"inputs": "INPUT__{}", "outputs": "OUTPUT__{}"}


@dataclass(frozen=True, slots=True)
class Completed:
    """A spec that says everything, and the one that was written."""

    spec: InferenceModelSpec
    written: InferenceModelSpec
    resolved: Resolved | None = None
    """The version of the registry that completed it; None for sources of no registry."""

    contradictions: tuple[str, ...] = ()
    """The first sentences about what the spec says unlike the version."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Sentences about what neither the spec nor the version says, or what both cannot be."""

    problems: tuple[str, ...]


class _Problem(Exception):  # noqa: N818 (never leaves this module)
    """One sentence; the field that it is about comes first."""

    def __init__(self, field: str, found: str, expected: str, remedy: str) -> None:
        super().__init__(f"spec.model.{field}: {sentence(found, expected, remedy)}")


def complete(spec: InferenceModelSpec, resolved: Resolved) -> Completed | Incomplete:
    """The spec with what it leaves out taken from the version."""
    try:
        added = _added(spec, resolved)
    except _Problem as problem:
        return Incomplete((str(problem),))
    body = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    body["model"].update(added)
    try:
        whole = InferenceModelSpec.model_validate(body)
    except ValidationError as error:
        found = field_errors(error, InferenceModelSpec, "spec")
        return Incomplete(tuple(f"{problem} ({resolved.uri})" for problem in found))
    contradictions = islice(_contradictions(spec, whole, resolved), MOST_PROBLEMS)
    return Completed(whole, spec, resolved, tuple(contradictions))


def _added(spec: InferenceModelSpec, resolved: Resolved) -> dict[str, Any]:
    facts, model = resolved.facts, spec.model
    kind = _format(model.format, resolved)
    batch = model.max_batch_size if model.has("max_batch_size") else facts.max_batch_size or 0
    added: dict[str, Any] = {"format": kind.value, "maxBatchSize": batch}
    if model.has("inputs"):
        return added
    if kind in DESCRIBE_THEMSELVES and not _is_named(facts):
        return added
    for side in _SIDES:
        tensors: tuple[TensorFact, ...] | None = getattr(facts, side)
        if not tensors:
            raise _Problem(
                side,
                f"nothing, and {resolved.uri} has no signature of tensors",
                "both, since the artifact does not say them",
                "add model.inputs and model.outputs, or log the model with a signature of"
                " TensorSpec",
            )
        added[side] = [_tensor(side, i, fact, batch) for i, fact in enumerate(tensors)]
    return added


def _format(written: ModelFormat | None, resolved: Resolved) -> ModelFormat:
    logged = resolved.facts.format
    if written is None:
        if logged is None:
            found, expected = (
                f"nothing, and {resolved.uri} does not say it",
                f"one of {', '.join(ModelFormat)}",
            )
            raise _Problem("format", found, expected, "add it")
        return logged
    if logged is not None and written is not logged:
        expected, remedy = (
            f"{logged}, which {resolved.uri} is",
            f"remove it, or log the model as {written}",
        )
        raise _Problem("format", written, expected, remedy)
    return written


def _is_named(facts: Facts) -> bool:
    tensors = (*(facts.inputs or ()), *(facts.outputs or ()))
    return bool(facts.inputs and facts.outputs) and all(tensor.name for tensor in tensors)


def _tensor(side: str, index: int, fact: TensorFact, batch: int) -> dict[str, Any]:
    name = fact.name or _NAMES[side].format(index)
    data_type = _TYPES.get(fact.dtype)
    if data_type is None:
        raise _Problem(
            f"{side}[{index}]",
            f"element type {short(fact.dtype)} of {short(name)} in the signature",
            f"one of {', '.join(_TYPES)}",
            f"add model.inputs and model.outputs with a type of Triton's for {short(name)}",
        )
    shape = list(fact.shape)
    if batch:
        if shape[:1] != [-1]:
            raise _Problem(
                f"{side}[{index}]",
                f"{short(name)} of shape {shape} in the signature, with a largest batch of {batch}",
                "a shape that starts with -1, the batch dimension",
                "set model.maxBatchSize to 0, or log the model with such a signature",
            )
        shape = shape[1:]
    found: dict[str, Any] = {"name": name, "dataType": data_type.value, "shape": shape or [1]}
    return found if shape else {**found, "reshape": []}


def _contradictions(
    spec: InferenceModelSpec, whole: InferenceModelSpec, resolved: Resolved
) -> Iterator[str]:
    facts = resolved.facts
    said, known = spec.model.max_batch_size, facts.max_batch_size
    if spec.model.has("max_batch_size") and known is not None and said > known:
        yield f"spec.model.maxBatchSize is {said}, its tag says {known}"
    pin = spec.model.source.sha256
    if pin is not None and facts.sha256 is not None and pin != facts.sha256:
        yield f"spec.model.source.sha256 is {pin}, its tag says {facts.sha256}"
    if not spec.model.has("inputs"):
        return
    for side in _SIDES:
        tensors: tuple[Tensor, ...] = getattr(whole.model, side) or ()
        yield from _differences(side, tensors, facts, bool(whole.model.max_batch_size))


def _differences(
    side: str, tensors: tuple[Tensor, ...], facts: Facts, batched: bool
) -> Iterator[str]:
    logged: dict[str, TensorFact] = {t.name: t for t in getattr(facts, side) or () if t.name}
    for tensor in tensors if logged else ():
        fact = logged.get(tensor.name)
        where = f"spec.model.{side}[{short(tensor.name)}]"
        if fact is None:
            yield f"{where} is not in the signature, which has {listed(logged, show=short)}"
            continue
        if _TYPES.get(fact.dtype) is not tensor.data_type:
            yield f"{where}.dataType is {tensor.data_type}, the signature says {short(fact.dtype)}"
        shape = ((-1,) if batched else ()) + (
            tensor.shape if tensor.reshape is None else tensor.reshape
        )
        if not _fits(shape, fact.shape):
            yield (
                f"{where}.shape is {list(shape)} with the batch dimension,"
                f" the signature says {list(fact.shape)}"
            )


def _fits(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return len(one) == len(other) and all(
        -1 in (a, b) or a == b for a, b in zip(one, other, strict=True)
    )
