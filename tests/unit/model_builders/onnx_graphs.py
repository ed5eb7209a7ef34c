"""ONNX graphs of a price model, and the config that they fit."""

from collections.abc import Sequence
from typing import Any

import onnx
from onnx import TensorProto, helper

Dims = Sequence[int | str | None]
BATCHED = """
max_batch_size: 8
input { name: "window" data_type: TYPE_FP32 dims: [60, 5] }
output { name: "price" data_type: TYPE_FP32 dims: [1] }
"""


def graph(
    inputs: dict[str, tuple[int, Dims | None]] | None = None,
    outputs: dict[str, tuple[int, Dims | None]] | None = None,
    **extra: Any,
) -> onnx.ModelProto:
    inputs = inputs or {"window": (TensorProto.FLOAT, ("batch", 60, 5))}
    outputs = outputs or {"price": (TensorProto.FLOAT, (None, 1))}

    def values(tensors: dict[str, tuple[int, Dims | None]]) -> list[Any]:
        return [helper.make_tensor_value_info(n, t, dims) for n, (t, dims) in tensors.items()]

    first_in, first_out = next(iter(inputs)), next(iter(outputs))
    nodes = [helper.make_node("Identity", [first_in], [first_out])]
    return helper.make_model(
        helper.make_graph(nodes, "prices", values(inputs), values(outputs), **extra)
    )
