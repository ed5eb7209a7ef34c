"""Tensors of a served model, as Triton declares them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TensorMetadata:
    """A tensor; `datatype` is Triton's word (`FP32`, `BYTES`), -1 in `shape` is any length."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.datatype} {list(self.shape)}"


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """A served model: its versions, its tensors and its largest batch (0: it takes none).

    Shapes have the batch as their first axis if `max_batch_size` is above 0.
    """

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]
    max_batch_size: int

    def input(self, name: str) -> TensorMetadata | None:
        return next((tensor for tensor in self.inputs if tensor.name == name), None)

    def output(self, name: str) -> TensorMetadata | None:
        return next((tensor for tensor in self.outputs if tensor.name == name), None)
