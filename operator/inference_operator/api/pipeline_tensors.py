"""`spec.inputs` and `spec.outputs` of a pipeline: what clients send and get."""

from typing import ClassVar

from inference_operator.api.base import Bool
from inference_operator.api.model import InputTensor, Reshape, Shape, Tensor, TensorName
from inference_operator.api.rules import Rule


class PipelineInput(InputTensor):
    """One input of the pipeline."""

    rules: ClassVar = (
        Rule(
            cel="!has(self.allowRaggedBatch) || !self.allowRaggedBatch",
            holds=lambda self: not self.allow_ragged_batch,
            value="true for an input of a pipeline",
            requirement="nothing: an ensemble forms no batches of its own",
            remedy="set it in the inputs of the model that the step runs",
            field="allowRaggedBatch",
        ),
    )

    name: TensorName
    """Name under which clients send it, unique among the inputs; `inputMap` of steps refers to
    it."""

    shape: Shape
    """Dimensions of what clients send, -1 for a variable one. With `maxBatchSize` >= 1 the batch
    dimension is left out."""

    reshape: Reshape | None = None
    """The shape that the steps see, where it differs from `shape` with the same number of elements;
    `[]` for a scalar."""

    optional: Bool = False
    """Whether a request may leave this input out. Then every step's input that it feeds must be
    optional."""

    allow_ragged_batch: Bool = False
    """Not for a pipeline: only models form batches."""


class PipelineOutput(Tensor):
    """One output of the pipeline."""

    name: TensorName
    """Name under which clients get it, unique among the outputs: a tensor of some step's
    `outputMap`."""

    shape: Shape
    """Dimensions of what clients get, -1 for a variable one. With `maxBatchSize` >= 1 the batch
    dimension is left out."""

    reshape: Reshape | None = None
    """The shape that the step gives, where it differs from `shape` with the same number of
    elements; `[]` for a scalar."""
