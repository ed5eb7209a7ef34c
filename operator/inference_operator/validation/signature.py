"""Completion of a spec from the registry's version: format, tensors and largest batch.

The spec wins. If the version contradicts it, a problem names the field.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from pydantic import ValidationError

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import DataType, ModelFormat, Tensor
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import MOST_PROBLEMS, listed, short
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
class CompletedSpec:
    """A spec with all fields set, and the spec as it was written."""

    spec: InferenceModelSpec
    written: InferenceModelSpec
    resolved: Resolved | None = None
    """The registry's version that completed it; None for sources outside a registry."""

    contradictions: tuple[Problem, ...] = ()
    """The first fields of the spec that the version contradicts."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Fields that neither the spec nor the version sets, or that contradict each other."""

    problems: tuple[Problem, ...]


class _IncompleteError(Exception):
    """Internal: a field that cannot be completed."""

    def __init__(self, field: str, value: str, requirement: str, remedy: str) -> None:
        super().__init__(field)
        self.problem = Problem(f"spec.model.{field}", value, requirement, remedy)


def complete(spec: InferenceModelSpec, resolved: Resolved) -> CompletedSpec | Incomplete:
    """Fill the fields that the spec leaves out from the version."""
    try:
        added = _added(spec, resolved)
    except _IncompleteError as error:
        return Incomplete((error.problem,))
    body = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    body["model"].update(added)
    try:
        whole = InferenceModelSpec.model_validate(body)
    except ValidationError as error:
        problems = field_errors(error, InferenceModelSpec, "spec")
        return Incomplete(tuple(replace(p, value=f"{p.value} ({resolved.uri})") for p in problems))
    contradictions = islice(_contradictions(spec, whole, resolved), MOST_PROBLEMS)
    return CompletedSpec(whole, spec, resolved, tuple(contradictions))


def _added(spec: InferenceModelSpec, resolved: Resolved) -> dict[str, Any]:
    facts, model = resolved.facts, spec.model
    kind = _format(model.format, resolved)
    batch = model.max_batch_size if model.has("max_batch_size") else facts.max_batch_size or 0
    added: dict[str, Any] = {"format": kind.value, "maxBatchSize": batch}
    if model.has("inputs"):
        return added
    if _describes_itself(kind, facts):
        return added
    for side in _SIDES:
        tensors: tuple[TensorFact, ...] | None = getattr(facts, side)
        if not tensors:
            raise _IncompleteError(
                side,
                "",
                f"not set, and {resolved.uri} has no tensor signature",
                "set model.inputs and model.outputs, or log the model with a signature of"
                " TensorSpec, since the artifact does not declare them",
            )
        added[side] = [_tensor(side, i, fact, batch) for i, fact in enumerate(tensors)]
    return added


def _describes_itself(kind: ModelFormat, facts: Facts) -> bool:
    """Return whether the model declares its tensors to Triton, and the signature does not."""
    match kind:
        case ModelFormat.ONNX | ModelFormat.TENSORRT:
            return not _is_named(facts)
        case ModelFormat.PYTHON:
            return not (facts.inputs and facts.outputs)
        case ModelFormat.CUSTOM:
            # The backend names the tensors: a signature has the names of the training library.
            return True
    return False


def _format(written: ModelFormat | None, resolved: Resolved) -> ModelFormat:
    logged = resolved.facts.format
    if written is None:
        if logged is None:
            requirement = f"not set, and {resolved.uri} does not declare it"
            remedy = f"set it to one of {', '.join(ModelFormat)}"
            raise _IncompleteError("format", "", requirement, remedy)
        return logged
    if logged is not None and written is not logged:
        requirement = f"{logged}, which {resolved.uri} is"
        remedy = f"remove it, or log the model as {written}"
        raise _IncompleteError("format", written, requirement, remedy)
    return written


def _is_named(facts: Facts) -> bool:
    tensors = (*(facts.inputs or ()), *(facts.outputs or ()))
    return bool(facts.inputs and facts.outputs) and all(tensor.name for tensor in tensors)


def _tensor(side: str, index: int, fact: TensorFact, batch: int) -> dict[str, Any]:
    name = fact.name or _NAMES[side].format(index)
    data_type = _TYPES.get(fact.dtype)
    if data_type is None:
        raise _IncompleteError(
            f"{side}[{index}]",
            f"element type {short(fact.dtype)} of {short(name)} in the signature",
            f"one of {', '.join(_TYPES)}",
            f"add model.inputs and model.outputs with a type of Triton's for {short(name)}",
        )
    shape = list(fact.shape)
    if batch:
        if shape[:1] != [-1]:
            raise _IncompleteError(
                f"{side}[{index}]",
                f"{short(name)} of shape {shape} in the signature, with a largest batch of {batch}",
                "a shape that starts with -1, the batch dimension",
                "set model.maxBatchSize to 0, or log the model with such a signature",
            )
        shape = shape[1:]
    tensor: dict[str, Any] = {"name": name, "dataType": data_type.value, "shape": shape or [1]}
    return tensor if shape else {**tensor, "reshape": []}


def _contradictions(
    spec: InferenceModelSpec, whole: InferenceModelSpec, resolved: Resolved
) -> Iterator[Problem]:
    facts = resolved.facts
    written, tag = spec.model.max_batch_size, facts.max_batch_size
    if spec.model.has("max_batch_size") and tag is not None and written > tag:
        yield Problem(
            "spec.model.maxBatchSize", f"{written}", f"at most {tag}, as the version's tag says"
        )
    pin = spec.model.source.sha256
    if pin is not None and facts.sha256 is not None and pin != facts.sha256:
        yield Problem("spec.model.source.sha256", pin, f"{facts.sha256}, as the version's tag says")
    if not spec.model.has("inputs") or whole.model.format is ModelFormat.CUSTOM:
        return
    for side in _SIDES:
        tensors: tuple[Tensor, ...] = getattr(whole.model, side) or ()
        yield from _differences(side, tensors, facts, bool(whole.model.max_batch_size))


def _differences(
    side: str, tensors: tuple[Tensor, ...], facts: Facts, batched: bool
) -> Iterator[Problem]:
    logged: dict[str, TensorFact] = {t.name: t for t in getattr(facts, side) or () if t.name}
    for tensor in tensors if logged else ():
        fact = logged.get(tensor.name)
        where = f"spec.model.{side}[{short(tensor.name)}]"
        if fact is None:
            there = listed(logged, show=short)
            yield Problem(where, "", f"it is not in the signature, which has {there}")
            continue
        if _TYPES.get(fact.dtype) is not tensor.data_type:
            logged_type = f"{short(fact.dtype)}, as the signature says"
            yield Problem(f"{where}.dataType", tensor.data_type, logged_type)
        shape = ((-1,) if batched else ()) + (
            tensor.shape if tensor.reshape is None else tensor.reshape
        )
        if not _fits(shape, fact.shape):
            yield Problem(
                f"{where}.shape",
                f"{list(shape)} with the batch dimension",
                f"{list(fact.shape)}, as the signature says",
            )


def _fits(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    return len(first) == len(second) and all(
        -1 in (a, b) or a == b for a, b in zip(first, second, strict=True)
    )
