"""Tensor names of TorchScript models, which carry the position of an argument or result.

Triton's rules (model_configuration.md, "Special Conventions for PyTorch Backend"): inputs are named
by forward's arguments or `NAME__INDEX`; outputs `NAME__INDEX`; else the order of the list counts.
If a list mixes the two, Triton silently uses its order: that is refused here.
"""

import re
from collections.abc import Iterator, Sequence

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import ModelFormat, Tensor
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted
from model_builders.checks.tensors import INPUTS, OUTPUTS

_INDEXED = re.compile(r"(.+)__([0-9]+)")


def torchscript_names(spec: InferenceModelSpec) -> Iterator[Problem]:
    if spec.model.known_format is not ModelFormat.TORCHSCRIPT:
        return
    yield from _indices(INPUTS, spec.model.inputs or ())
    yield from _indices(OUTPUTS, spec.model.outputs or ())
    inputs = spec.model.inputs or ()
    by_order = not any(_is_argument(tensor.name) for tensor in inputs)
    for index, tensor in enumerate(inputs):
        # No argument has a space in its name, so the order of the list is meant.
        if by_order and " " in tensor.name:
            continue
        if not _INDEXED.fullmatch(tensor.name) and not _is_argument(tensor.name):
            yield Problem(
                f"{INPUTS}[{index}].name",
                quoted(tensor.name),
                "the name of an argument of forward, or NAME__INDEX",
                f"rename it, such as to INPUT__{index}",
            )


def _is_argument(name: str) -> bool:
    # The backend takes dictionaries of tensors as `argument(key)`.
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*(\(.+\))?", name) is not None


def _indices(path: str, tensors: Sequence[Tensor]) -> Iterator[Problem]:
    matches = [_INDEXED.fullmatch(tensor.name) for tensor in tensors]
    if not any(matches):
        return
    last = len(tensors) - 1
    expected = f"NAME__0 to NAME__{last}, each index once" if last else "NAME__0"
    seen: dict[int, str] = {}
    for position, (tensor, match) in enumerate(zip(tensors, matches, strict=True)):
        where = f"{path}[{position}].name"
        if match is None:
            remedy = "name all of them by index, or none: mixed, Triton ignores the names"
            yield Problem(where, f"{quoted(tensor.name)} without an index", expected, remedy)
            continue
        index = int(match.group(2))
        if index in seen:
            taken = f"{quoted(tensor.name)} beside {quoted(seen[index])}"
            yield Problem(where, taken, expected, f"index {index} is taken: use another")
        elif index >= len(tensors):
            yield Problem(
                where,
                f"{quoted(tensor.name)} among {len(tensors)} tensors",
                expected,
                "the index is the position in forward's arguments or results, from 0",
            )
        seen.setdefault(index, tensor.name)
