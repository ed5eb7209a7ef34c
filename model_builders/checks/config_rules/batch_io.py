"""Rules for batch inputs and outputs, which ragged batches need (ValidateBatchIO in core's
model_config_utils.cc)."""

from collections.abc import Iterator
from typing import Any

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import listed, quoted, short
from model_builders.checks.config_rules.subject import Subject
from model_builders.names import type_name
from model_builders.protobuf import DataType, model_config_pb2

_TYPES = (DataType.Value("TYPE_INT32"), DataType.Value("TYPE_FP32"))
_KINDS = model_config_pb2.BatchInput.Kind
_SCATTER = model_config_pb2.BatchOutput.BATCH_SCATTER_WITH_INPUT_SHAPE


def batch_tensors(subject: Subject) -> Iterator[Problem]:
    for index, batch_input in enumerate(subject.config.batch_input):
        if batch_input.kind not in _KINDS.values():
            path = subject.at("batch_input", f"[{index}].kind")
            yield Problem(path, str(batch_input.kind), "one of Triton's kinds", "correct it")
        yield from _source(subject, "batch_input", index, batch_input)
        if batch_input.data_type not in _TYPES:
            yield Problem(
                subject.at("batch_input", f"[{index}].data_type"),
                type_name(batch_input.data_type),
                "TYPE_INT32 or TYPE_FP32",
                "use the one that the model's input has",
            )
    for index, batch_output in enumerate(subject.config.batch_output):
        if batch_output.kind != _SCATTER:
            path = subject.at("batch_output", f"[{index}].kind")
            yield Problem(
                path, str(batch_output.kind), "BATCH_SCATTER_WITH_INPUT_SHAPE", "correct it"
            )
        yield from _source(subject, "batch_output", index, batch_output)
        yield from _targets(subject, index, batch_output)


def _source(subject: Subject, field: str, index: int, batch: Any) -> Iterator[Problem]:
    path = subject.at(field, f"[{index}].source_input")
    if len(batch.source_input) != 1:
        yield Problem(
            path,
            f"{len(batch.source_input)} inputs",
            "1: the input whose batches it describes",
            "name one input of the model",
        )
    if subject.completes("input"):
        return
    for name in batch.source_input:
        if name not in subject.inputs:
            yield _unknown(path, name, "an input", subject.inputs)


def _targets(subject: Subject, index: int, batch_output: Any) -> Iterator[Problem]:
    path = subject.at("batch_output", f"[{index}].target_name")
    if not batch_output.target_name:
        # Triton 2.51 ends while it loads such a model.
        yield Problem(path, "no output", "the outputs that it scatters", "name them, or remove it")
    seen: set[str] = set()
    for name in batch_output.target_name:
        if name in seen:
            yield Problem(path, f"{quoted(name)} twice", "each output once", "remove one")
        elif name not in subject.outputs and not subject.completes("output"):
            yield _unknown(path, name, "an output", subject.outputs)
        seen.add(name)


def _unknown(path: str, name: str, role: str, tensors: dict[str, Any]) -> Problem:
    return Problem(
        path,
        quoted(name),
        f"{role} of the model ({listed(tensors, show=short)})",
        "correct the name",
    )
