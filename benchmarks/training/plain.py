"""Plain training loops, without checkpoints, clipping, history or checks."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from training.loop import Samples, Task

Batch = tuple[Tensor, ...]


def tight(samples: Samples, size: int) -> Iterator[Batch]:
    """Yield batches by indexing tensors that are in memory: the fastest that one can write."""
    order = torch.randperm(len(samples))
    for rows in torch.split(order, size):
        chosen = samples.take(rows)
        yield (*chosen.inputs.values(), chosen.targets)


def loader(samples: Samples, size: int) -> Iterator[Batch]:
    """Yield batches by a DataLoader, as in PyTorch's tutorials."""
    data = TensorDataset(*samples.inputs.values(), samples.targets)
    yield from DataLoader(data, batch_size=size, shuffle=True)


def train(task: Task, batches: Any, size: int) -> float:
    """Train one epoch with the same model, loss and optimizer; return the validation loss."""
    torch.manual_seed(7)
    model = task.build()
    learnt = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=1e-3, weight_decay=0.0)
    model.train()
    for *inputs, targets in batches(task.train, size):
        optimizer.zero_grad()
        loss = task.loss(_outputs(model, inputs), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    model.eval()
    total = 0.0
    with torch.no_grad():
        for *inputs, targets in tight(task.validation, size):
            total += task.loss(_outputs(model, inputs), targets).item() * len(targets)
    return total / len(task.validation)


def _outputs(model: nn.Module, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    outputs: tuple[Tensor, ...] = model(*inputs)
    return outputs
