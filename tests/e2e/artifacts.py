"""Small models to serve."""

import onnx
from onnx import TensorProto, helper


def linear_onnx(factor: float, offset: float, *, output: str = "y", width: int = 4) -> bytes:
    """`y = factor * x + offset` over float32 [batch, width]."""
    constants = [
        helper.make_tensor("factor", TensorProto.FLOAT, [1], [factor]),
        helper.make_tensor("offset", TensorProto.FLOAT, [1], [offset]),
    ]
    nodes = [
        helper.make_node("Mul", ["x", "factor"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], [output]),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", width])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", width])],
        constants,
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def python_model(
    factor: float, offset: float, *, fails_each: int = 0, seconds: float = 0.0
) -> bytes:
    """`y = factor * x + offset` as a Python model that sleeps, and fails each so many requests.

    It raises: Triton counts that as a failure, and an error that is answered as a success. Zeros
    never fail, since the sidecar sends them.
    """
    return f"""
import time
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        self.calls = 0

    def execute(self, requests):
        time.sleep({seconds})
        inputs = [pb_utils.get_input_tensor_by_name(r, "x").as_numpy() for r in requests]
        self.calls += sum(bool(x.any()) for x in inputs)
        if {fails_each} and inputs[0].any() and self.calls % {fails_each or 1} == 0:
            raise ValueError("this version is broken")
        outputs = [pb_utils.Tensor("y", ({factor} * x + {offset}).astype(x.dtype)) for x in inputs]
        return [pb_utils.InferenceResponse([y]) for y in outputs]
""".encode()
