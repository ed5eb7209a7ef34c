"""The tensors that a model takes and gives, as Triton and MLflow name them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One tensor: Triton's data type, and the shape without the batch (-1: any length)."""

    name: str
    data_type: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """Inputs are named by the arguments of `forward`, as Triton's LibTorch backend asks for.

    It also wants outputs as `<name>__<index>`; the same names are given to ONNX graphs, so that one
    format can take the other's place.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
