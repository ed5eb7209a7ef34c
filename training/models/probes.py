"""Inputs to compare two forms of a model on: drawn by chance, every fourth row an edge case."""

from functools import singledispatch

import torch
from torch import Generator, Tensor, nn

from training.models.combiner import EnsembleCombiner
from training.models.encoder import POSITIONS, WORDS
from training.models.price import STEPS, PricePredictor
from training.models.sentiment import SentimentTransformer


@singledispatch
def probes(model: nn.Module, batch: int, seed: int = 0) -> tuple[Tensor, ...]:
    """Return `batch` rows for each argument of the model's forward, equal for equal seeds."""
    raise TypeError(
        f"model: found {type(model).__name__}, expected one of training.models; register a function"
        " that draws its inputs with probes.register"
    )


@probes.register
def _price(model: PricePredictor, batch: int, seed: int = 0) -> tuple[Tensor, ...]:
    """Return random walks; some windows stand still, jump, are not traded, or hold a NaN."""
    drawn = Generator().manual_seed(seed)
    moves = torch.randn(batch, STEPS, 1, generator=drawn) * 0.02
    scale = torch.logspace(-2, 5, batch).view(batch, 1, 1)
    prices = scale * torch.exp(moves.cumsum(1) + torch.randn(batch, STEPS, 4, generator=drawn) / 99)
    volume = torch.rand(batch, STEPS, 1, generator=drawn) * 1e8
    windows = torch.cat([prices, volume], dim=2)
    windows[3::16, :, :4] = 42.0
    windows[7::16, 30:, :4] *= 1e3
    windows[11::16, :, 4] = 0.0
    windows[15::16, 17, 2] = torch.nan
    return (windows,)


@probes.register
def _text(model: SentimentTransformer, batch: int, seed: int = 0) -> tuple[Tensor, ...]:
    """Return texts of one to all tokens; one has only padding."""
    drawn = Generator().manual_seed(seed)
    tokens = (7, 33, POSITIONS)[seed % 3] if batch <= 8 else 64
    ids = torch.randint(1, WORDS, (batch, tokens), generator=drawn)
    lengths = torch.randint(1, tokens + 1, (batch, 1), generator=drawn)
    lengths[0] = tokens
    lengths[7::8] = 0
    mask = (torch.arange(tokens) < lengths).long()
    return ids * mask, mask


@probes.register
def _views(model: EnsembleCombiner, batch: int, seed: int = 0) -> tuple[Tensor, ...]:
    """Return forecasts and sentiments; some are neutral, and some are unknown."""
    drawn = Generator().manual_seed(seed)
    price = torch.exp(torch.randn(batch, 1, generator=drawn) * 0.02)
    width = torch.exp(torch.rand(batch, 1, generator=drawn) * 0.1 + 0.001)
    score = torch.rand(batch, 1, generator=drawn) * 2 - 1
    confidence = torch.rand(batch, 1, generator=drawn) / 2 + 0.5
    confidence[3::8] = 0.5
    score[5::8] = confidence[6::8] = torch.nan
    price[7::8] = torch.nan
    return price, torch.cat([price / width, price * width], dim=1), score, confidence
