"""A price prediction and a text's sentiment as one forecast, with its confidence."""

import math
from typing import Final

import torch
from torch import Tensor, nn

from model_builders.features.average import INTERVAL_WIDTH, shares
from training.models.signature import Signature, TensorSpec


class EnsembleCombiner(nn.Module):
    """The last step of an ensemble of a price predictor and the sentiment transformer.

    Inputs are the outputs of both. `price` [batch, 1] and `interval` [batch, 2] are relative to
    today's close; `score` [batch, 1] is from -1 to 1, `confidence` [batch, 1] from 0.5 to 1.
    Output `OUTPUT__0` [batch, 1] is tomorrow's close divided by today's. `OUTPUT__1` [batch, 1] is
    the probability from 0.5 to 1 that the close moves in the forecast's direction.

    `weights` are the two shares in the mean of log returns, price first. The text's share shrinks
    with its confidence, to 0 at 0.5. A text of confidence 0.5, or with NaN as score or confidence,
    leaves the price prediction unchanged. `sensitivity` is the log return of a text of score 1.
    `model_builders.features.average` computes the same in numpy.
    """

    width: Final[float]
    weights: Tensor
    sensitivity: Tensor
    temperature: Tensor

    def __init__(self, weights: tuple[float, float] = (0.8, 0.2), sensitivity: float = 0.01):
        super().__init__()
        self.width = INTERVAL_WIDTH
        self.register_buffer("weights", torch.tensor(shares(weights)))
        self.register_buffer("sensitivity", torch.tensor(sensitivity))
        self.register_buffer("temperature", torch.tensor(1.0))

    @staticmethod
    def signature() -> Signature:
        return Signature(
            (
                TensorSpec("price", "FP32", (1,)),
                TensorSpec("interval", "FP32", (2,)),
                TensorSpec("score", "FP32", (1,)),
                TensorSpec("confidence", "FP32", (1,)),
            ),
            (TensorSpec("OUTPUT__0", "FP32", (1,)), TensorSpec("OUTPUT__1", "FP32", (1,))),
        )

    def forward(
        self, price: Tensor, interval: Tensor, score: Tensor, confidence: Tensor
    ) -> tuple[Tensor, Tensor]:
        nothing = torch.zeros_like(score)
        heard = torch.logical_not(torch.isnan(score) | torch.isnan(confidence))
        sure = torch.clamp(2.0 * confidence - 1.0, 0.0, 1.0)
        text = torch.where(heard, self.weights[1] * sure, nothing)
        view = self.sensitivity * torch.where(heard, score, nothing)
        views = self.weights[0] * torch.log(price) + text * view
        moved = views / (self.weights[0] + text)
        bounds = torch.log(interval)
        spread = (bounds[:, 1:] - bounds[:, :1]) / self.width
        surprise = torch.abs(moved) / (spread * self.temperature * math.sqrt(2.0))
        return torch.exp(moved), 0.5 * (1.0 + torch.erf(surprise))
