"""A model as an ONNX graph with Triton's tensor names, and its answers through ONNX Runtime."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from training.models.signature import Signature, TensorSpec

OPSET = 18


def write_onnx(
    model: nn.Module, signature: Signature, example: tuple[Tensor, ...], path: Path
) -> None:
    """Write the model to one file, with a free batch axis, and a free axis for each -1 in a shape.

    `example` [n, ...] needs more than one row, and free lengths above 1: the exporter treats a
    length of 1 as fixed.
    """
    with quiet():
        torch.onnx.export(
            model,
            example,
            path,
            input_names=[tensor.name for tensor in signature.inputs],
            output_names=[tensor.name for tensor in signature.outputs],
            dynamic_shapes={tensor.name: _free_axes(tensor) for tensor in signature.inputs},
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )


class OnnxModel:
    """An ONNX file on one CPU thread: `OnnxModel(path)(*inputs)` answers as the network does."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [node.name for node in self._session.get_inputs()]

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        given = {name: each.numpy() for name, each in zip(self._inputs, inputs, strict=True)}
        return tuple(torch.from_numpy(output) for output in self._session.run(None, given))


def _free_axes(tensor: TensorSpec) -> dict[int, str]:
    free = {axis: "length" for axis, size in enumerate(tensor.shape, 1) if size == -1}
    return {0: "batch", **free}


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the exporter and its optimiser, which log missing packages and progress."""
    loggers = [logging.getLogger(name) for name in ("", "torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
