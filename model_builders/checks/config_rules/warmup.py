"""Rules for warm-up samples (GenerateWarmupData in core's backend_model_instance.cc).

Normalize in core's infer_request.cc checks each sample like a request."""

from collections.abc import Iterator
from math import prod
from typing import Any

from inference_operator.api.model import ModelFormat
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import listed, quoted, short
from model_builders.checks.config_rules.subject import Subject
from model_builders.names import type_name

_FIELD = "model_warmup"
MOST_ELEMENTS = 2**40
"""Elements of a sample's tensor: more overflow Triton's count of bytes."""


def samples(subject: Subject) -> Iterator[Problem]:
    largest = max(subject.config.max_batch_size, 1)
    for index, sample in enumerate(subject.config.model_warmup):
        if sample.batch_size == 0:
            continue  # Triton skips it
        if sample.batch_size > largest:
            expected = "1" if largest == 1 else f"1 to {largest} (model.maxBatchSize)"
            yield Problem(
                subject.at(_FIELD, f"[{index}].batch_size"),
                str(sample.batch_size),
                expected,
                "lower it, or raise model.maxBatchSize",
            )
        for name in sorted(sample.inputs):
            place = f"[{index}].inputs[{short(name)}]"
            yield from _input(subject, place, name, sample.inputs[name])
        yield from _missing(subject, index, sample)


def _input(subject: Subject, place: str, name: str, given: Any) -> Iterator[Problem]:
    if given.WhichOneof("input_data_type") is None:
        yield Problem(
            subject.at(_FIELD, place), "no data", "zero_data or random_data", "set zero_data: true"
        )
    if not given.data_type:
        # Triton 2.51 ends at such a sample.
        yield Problem(
            subject.at(_FIELD, f"{place}.data_type"),
            "no data type",
            "one such as TYPE_FP32",
            "set data_type",
        )
        return
    if prod(given.dims) > MOST_ELEMENTS:
        yield Problem(
            subject.at(_FIELD, f"{place}.dims"),
            f"{prod(given.dims):,} elements",
            f"{MOST_ELEMENTS:,} at most",
            "write the size of a request",
        )
        return
    if any(dim < 0 for dim in given.dims):
        yield Problem(
            subject.at(_FIELD, f"{place}.dims"),
            str(list(given.dims)),
            "sizes: a sample has no dimension that varies",
            "write a size that requests really have",
        )
    elif name in subject.inputs:
        yield from _same_tensor(subject, place, subject.inputs[name], given)
    elif not _may_be_extra(subject, name):
        yield Problem(
            subject.at(_FIELD, place),
            quoted(name),
            f"an input of the model ({listed(subject.inputs, show=short)})",
            "correct the name, or remove it",
        )


def _may_be_extra(subject: Subject, name: str) -> bool:
    """Return whether a sample may hold an input that the config does not declare.

    Triton hands it to the backend, as it does with control inputs. Three backends look it up.
    """
    return (
        subject.format not in (ModelFormat.ONNX, ModelFormat.TORCHSCRIPT, ModelFormat.TENSORRT)
        or name in subject.added_inputs
        or subject.completes("input")
    )


def _same_tensor(subject: Subject, place: str, declared: Any, given: Any) -> Iterator[Problem]:
    if declared.data_type and given.data_type != declared.data_type:
        yield Problem(
            subject.at(_FIELD, f"{place}.data_type"),
            type_name(given.data_type),
            f"{type_name(declared.data_type)}, as the input has it",
            "use the input's type",
        )
    fits = len(given.dims) == len(declared.dims) and all(
        expected in (-1, dim) for expected, dim in zip(declared.dims, given.dims, strict=True)
    )
    if declared.dims and not fits:
        yield Problem(
            subject.at(_FIELD, f"{place}.dims"),
            str(list(given.dims)),
            f"{list(declared.dims)}, as the input has it",
            "leave the batch dimension out, and fix the variable ones",
        )


def _missing(subject: Subject, index: int, sample: Any) -> Iterator[Problem]:
    missing = [name for name in subject.required_inputs if name not in sample.inputs]
    if missing:
        yield Problem(
            subject.at(_FIELD, f"[{index}].inputs"),
            f"no {listed(missing, show=short)}",
            "every input of the model that is not optional",
            "add what is missing",
        )
