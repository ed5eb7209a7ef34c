"""A learning task: a model, its loss, and the samples for training and evaluation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from training.loop.samples import Samples

Outputs = tuple[Tensor, ...]
Loss = Callable[[Outputs, Tensor], Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Task of the loop; `build` makes the untrained model, after the seed is set.

    The model takes the inputs of `train` in their order and gives a tensor or a tuple of them.
    `loss` takes that tuple and the targets of a batch and gives the batch's mean as a scalar.
    Parameters without `requires_grad` stay as they are. `label` names a sample for a person.
    `plan` is the argument of `build`, None for the model's own; a resume refuses another one.
    """

    name: str
    build: Callable[[], nn.Module]
    loss: Loss
    train: Samples
    validation: Samples
    label: Callable[[int], str] = str
    plan: Mapping[str, object] = field(default_factory=dict)


def outputs_of(model: nn.Module, batch: Samples) -> Outputs:
    """Return the model's answer, always as a tuple."""
    outputs = model(*batch.inputs.values())
    return outputs if isinstance(outputs, tuple) else (outputs,)
