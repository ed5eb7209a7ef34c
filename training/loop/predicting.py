"""A model's answers and its mean loss, without learning from them."""

import torch
from torch import Tensor, nn

from training.loop.samples import Samples
from training.loop.task import Loss, outputs_of


def predict(model: nn.Module, samples: Samples, batch: int = 512) -> tuple[Tensor, ...]:
    """Return every output [n, ...] for all samples, in evaluation mode, on the CPU."""
    return _gathered(model, samples, batch, None)[0]


def mean_loss(model: nn.Module, samples: Samples, loss: Loss, batch: int = 512) -> float:
    """Return the loss of all samples, each counting the same."""
    return _gathered(model, samples, batch, loss)[1]


def _gathered(
    model: nn.Module, samples: Samples, batch: int, loss: Loss | None
) -> tuple[tuple[Tensor, ...], float]:
    learning = model.training
    model.eval()
    parts: list[tuple[Tensor, ...]] = []
    total = 0.0
    device = samples.targets.device
    with torch.inference_mode():
        for rows in torch.split(torch.arange(len(samples), device=device), batch):
            chosen = samples.take(rows)
            answer = outputs_of(model, chosen)
            total += float(loss(answer, chosen.targets)) * len(chosen) if loss else 0.0
            parts.append(tuple(output.cpu() for output in answer))
    model.train(learning)
    # Not in inference mode: what comes out may be learnt from or shared.
    outputs = tuple(torch.cat(column).clone() for column in zip(*parts, strict=True))
    return outputs, total / max(1, len(samples))
