"""Windows of prices drawn by chance, as a price predictor takes them."""

import torch
from torch import Tensor

from training.loop.samples import Samples
from training.models.price import STEPS


def windows(count: int, seed: int = 3, volatility: float = 0.02) -> Tensor:
    """Random walks around 100, [count, 60, 5]."""
    drawn = torch.Generator().manual_seed(seed)
    moves = torch.randn(count, STEPS, 1, generator=drawn) * volatility
    prices = 100 * torch.exp(moves.cumsum(1) + torch.randn(count, STEPS, 4, generator=drawn) / 500)
    volume = torch.rand(count, STEPS, 1, generator=drawn) * 1e7 + 1e5
    return torch.cat([prices, volume], dim=2)


def judged(count: int, seed: int = 3, volatility: float = 0.02) -> Samples:
    """Windows whose next day moves by chance, as much as the days before it."""
    drawn = torch.Generator().manual_seed(seed + 1000)
    moved = torch.exp(torch.randn(count, 1, generator=drawn) * volatility)
    return Samples({"ohlcv": windows(count, seed, volatility)}, moved)
