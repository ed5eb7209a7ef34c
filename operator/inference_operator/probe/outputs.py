"""Comparison of an answer's outputs with those of the model's configuration: names, data types and
shapes. It cannot see whether the numbers are right."""

from collections.abc import Iterator, Mapping
from typing import Any

from inference_operator.api.quoting import listed, shown
from inference_operator.probe.model_config import ProbedModel, Tensor


def mismatches(model: ProbedModel, batch_size: int, answer: Any) -> list[str]:
    """Return a sentence for each output of a parsed answer that differs from the configuration."""
    outputs = answer.get("outputs") if isinstance(answer, Mapping) else None
    if not isinstance(outputs, list):
        return ["the answer has no list of outputs"]
    by_name = {
        item["name"]: item
        for item in outputs
        if isinstance(item, Mapping) and isinstance(item.get("name"), str)
    }
    problems: list[str] = []
    for tensor in model.outputs:
        if tensor.name in by_name:
            problems += _differences(model, batch_size, tensor, by_name[tensor.name])
        else:
            problems.append(f"output {tensor.name} is missing; it has {listed(by_name)}")
    declared = {tensor.name for tensor in model.outputs}
    problems += [
        f"output {shown(name)} is not declared" for name in by_name if name not in declared
    ]
    return problems


def _differences(
    model: ProbedModel, batch_size: int, tensor: Tensor, answered: Mapping[str, Any]
) -> Iterator[str]:
    data_type, shape = answered.get("datatype"), answered.get("shape")
    if data_type != tensor.data_type:
        yield f"output {tensor.name} is {shown(data_type)}, expected {tensor.data_type}"
    if model.reshapes_batch:
        return
    is_batched = model.max_batch_size > 0
    expected = [batch_size, *tensor.dims] if is_batched else list(tensor.dims)
    if not _fits(shape, expected):
        note = ", with the batch first" if is_batched else ""
        yield f"output {tensor.name} has shape {shown(shape)}, expected {expected}{note}"


def _fits(shape: Any, expected: list[int]) -> bool:
    if not isinstance(shape, list) or len(shape) != len(expected):
        return False
    return all(dim in (-1, size) for size, dim in zip(shape, expected, strict=True))
