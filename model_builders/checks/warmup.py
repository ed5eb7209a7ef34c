"""Checks of `spec.triton.warmup`: a sample must be a request that the model would accept."""

from collections.abc import Iterator

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import InputTensor
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import listed, quoted, short
from inference_operator.api.triton import Warmup, WarmupInput


def samples(spec: InferenceModelSpec) -> Iterator[Problem]:
    for index, sample in enumerate(spec.triton.warmup):
        path = f"spec.triton.warmup[{index}]"
        yield from _batch_size(spec, sample, path)
        for position, tensor in enumerate(sample.inputs):
            yield from _fixed(tensor, f"{path}.inputs[{position}]")
        if spec.model.inputs is not None:
            yield from _against_model(spec.model.inputs, sample, path)


def _batch_size(spec: InferenceModelSpec, sample: Warmup, path: str) -> Iterator[Problem]:
    largest = max(spec.model.max_batch_size, 1)
    if sample.batch_size > largest:
        expected = "1" if largest == 1 else f"1 to {largest} (model.maxBatchSize)"
        remedy = "lower it, or raise model.maxBatchSize"
        yield Problem(f"{path}.batchSize", str(sample.batch_size), expected, remedy)


def _fixed(tensor: WarmupInput, path: str) -> Iterator[Problem]:
    for position, dim in enumerate(tensor.shape):
        if dim < 1:
            yield Problem(
                f"{path}.shape[{position}]",
                str(dim),
                "1 or more: a sample has one size",
                "write a size that requests really have",
            )


def _against_model(inputs: tuple[InputTensor, ...], sample: Warmup, path: str) -> Iterator[Problem]:
    declared = {tensor.name: tensor for tensor in inputs}
    given: set[str] = set()
    for position, tensor in enumerate(sample.inputs):
        where = f"{path}.inputs[{position}]"
        if tensor.name in given:
            yield Problem(
                f"{where}.name",
                f"{quoted(tensor.name)} a second time",
                "each input once",
                "remove it",
            )
        elif tensor.name not in declared:
            yield Problem(
                f"{where}.name",
                quoted(tensor.name),
                f"an input of the model ({listed(declared, show=short)})",
                "rename or remove it",
            )
        else:
            yield from _same_tensor(declared[tensor.name], tensor, where)
        given.add(tensor.name)
    missing = [t.name for t in inputs if not t.optional and t.name not in given]
    if missing:
        yield Problem(
            f"{path}.inputs",
            f"no {listed(missing, show=short)}",
            "every input of the model that is not optional",
            "add what is missing",
        )


def _same_tensor(declared: InputTensor, tensor: WarmupInput, where: str) -> Iterator[Problem]:
    if tensor.data_type is not declared.data_type:
        yield Problem(
            f"{where}.dataType",
            tensor.data_type,
            f"{declared.data_type}, as the model's input {short(declared.name)} has it",
            "use the model's type",
        )
    fits = len(tensor.shape) == len(declared.shape) and all(
        expected in (-1, dim) for expected, dim in zip(declared.shape, tensor.shape, strict=True)
    )
    if not fits:
        yield Problem(
            f"{where}.shape",
            str(list(tensor.shape)),
            f"{list(declared.shape)}, as the model's input {short(declared.name)} has it",
            "leave the batch dimension out, and fix the variable ones",
        )
