"""The file of a trained model that Triton is to load, asked once before it is registered."""

import warnings
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.models.signature import TensorSpec
from training.trained import Trained, TrainedFolderError

TOLERANCE = 1e-4
Arrays = dict[str, NDArray[Any]]


class Format(StrEnum):
    """The formats that Triton loads."""

    TORCHSCRIPT = "torchscript"
    ONNX = "onnx"

    @property
    def file(self) -> str:
        """Return its name in a training's folder."""
        return "model.pt" if self is Format.TORCHSCRIPT else "model.onnx"


def check_answer(trained: Trained, served: Format) -> None:
    """Raise TrainedFolderError unless the file answers the sample with the declared tensors.

    Values may be off by 1e-4, absolutely and relatively.
    """
    path = trained.file(served.file)
    answer = _torchscript if served is Format.TORCHSCRIPT else _onnx
    try:
        actual = answer(trained)
    except TrainedFolderError:
        raise
    except Exception as error:
        raise TrainedFolderError(
            f"{path}: {type(error).__name__}: {_first_line(error)}; expected a model that answers"
            " the sample of sample.json; export the model again"
        ) from error
    for tensor in trained.signature.outputs:
        _compare(f"{path}: {tensor.name}", actual[tensor.name], trained.expected[tensor.name])


def _torchscript(trained: Trained) -> Arrays:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and what LibTorch loads
        model = torch.jit.load(trained.file("model.pt"))  # type: ignore[no-untyped-call]
    given = [argument.name for argument in model.forward.schema.arguments[1:]]
    _demand_names(trained, "inputs", trained.signature.inputs, given)
    with torch.inference_mode():
        answer = model(*(torch.from_numpy(trained.sample[name]) for name in given))
    tensors = answer if isinstance(answer, tuple) else (answer,)
    outputs = trained.signature.outputs
    if len(tensors) != len(outputs):
        raise TrainedFolderError(
            f"{trained.folder / 'sample.json'}: found {len(outputs)} outputs, expected"
            f" {len(tensors)}, as many as model.pt returns; export the model again"
        )
    pairs = zip(outputs, tensors, strict=True)
    return {output.name: tensor.numpy() for output, tensor in pairs}


def _onnx(trained: Trained) -> Arrays:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        trained.file("model.onnx"), providers=["CPUExecutionProvider"]
    )
    _demand_names(
        trained, "inputs", trained.signature.inputs, [i.name for i in session.get_inputs()]
    )
    names = [output.name for output in session.get_outputs()]
    _demand_names(trained, "outputs", trained.signature.outputs, names)
    return dict(zip(names, session.run(names, trained.sample), strict=True))


def _demand_names(
    trained: Trained, kind: str, declared: tuple[TensorSpec, ...], in_file: list[str]
) -> None:
    names = [tensor.name for tensor in declared]
    if sorted(names) != sorted(in_file):
        raise TrainedFolderError(
            f"{trained.folder / 'sample.json'}: found {kind} {', '.join(names)}, expected"
            f" {', '.join(in_file)}, as in the model's file; export the model again"
        )


def _compare(name: str, actual: NDArray[Any], expected: NDArray[Any]) -> None:
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        raise TrainedFolderError(
            f"{name}: found {actual.dtype} {list(actual.shape)}, expected {expected.dtype}"
            f" {list(expected.shape)} as in sample.json; export the model again"
        )
    if not np.allclose(actual, expected, rtol=TOLERANCE, atol=TOLERANCE):
        off = float(np.abs(actual - expected).max())
        raise TrainedFolderError(
            f"{name}: found an answer that is off by {off:g}, expected at most {TOLERANCE:g} from"
            " sample.json; export the model again"
        )


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip() if lines else "no message"
