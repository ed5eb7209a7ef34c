"""`spec.inputs` and `spec.outputs` of a pipeline: the tensors that clients send and receive."""

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
            requirement="false or nothing, since an ensemble does not form batches",
            remedy="set it in the inputs of the model that the step runs",
            field="allowRaggedBatch",
        ),
    )

    name: TensorName
    """Name of the tensor in requests, unique among the inputs. The `inputMap` of steps refers to
    it."""

    shape: Shape
    """Dimensions that clients send; -1 for a variable one. If `maxBatchSize` is 1 or more, leave
    out the batch dimension."""

    reshape: Reshape | None = None
    """Shape that the steps receive, if it differs from `shape`. The number of elements must be the
    same; `[]` for a scalar."""

    optional: Bool = False
    """Whether a request may leave this input out. Each step input that it feeds must then be
    optional."""

    allow_ragged_batch: Bool = False
    """Not supported for a pipeline: only models form batches."""


class PipelineOutput(Tensor):
    """One output of the pipeline."""

    name: TensorName
    """Name of the tensor in responses, unique among the outputs. It must be a tensor of a step's
    `outputMap`."""

    shape: Shape
    """Dimensions that clients receive; -1 for a variable one. If `maxBatchSize` is 1 or more, leave
    out the batch dimension."""

    reshape: Reshape | None = None
    """Shape that the step returns, if it differs from `shape`. The number of elements must be the
    same; `[]` for a scalar."""
