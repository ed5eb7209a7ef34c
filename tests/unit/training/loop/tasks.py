"""Small tasks that learn in milliseconds, with dropout so that chance is part of the state."""

import torch
from torch import Tensor, nn

from training.loop import Samples, Task


class Dropping(nn.Module):
    """[n, 6] to [n, 1]; every step draws from the generator."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(6, 16), nn.Tanh(), nn.Dropout(0.3), nn.Linear(16, 16), nn.Linear(16, 1)
        )

    def forward(self, given: Tensor) -> Tensor:
        return self.layers(given)


def mean_square(outputs: tuple[Tensor, ...], targets: Tensor) -> Tensor:
    return torch.mean((outputs[0] - targets) ** 2)


def drawn(count: int, seed: int) -> Samples:
    """Return a linear rule with noise."""
    generator = torch.Generator().manual_seed(seed)
    given = torch.randn(count, 6, generator=generator)
    noise = torch.randn(count, 1, generator=generator)
    return Samples({"given": given}, given.sum(dim=1, keepdim=True) + 0.1 * noise)


def small_task(count: int = 96) -> Task:
    return Task("small", Dropping, mean_square, drawn(count, 1), drawn(24, 2))
