"""A price prediction and a text's sentiment as one forecast, with its confidence."""

import math
from typing import Final

import torch
from torch import Tensor, nn

from training.models.signature import Signature, TensorSpec

# A 90 % interval of a normal distribution is this many standard deviations wide.
_WIDTH = 2 * 1.6449


class EnsembleCombiner(nn.Module):
    """The last step of an ensemble of a price predictor and the sentiment transformer.

    Inputs are the outputs of both: `price` [batch, 1] and `interval` [batch, 2], relative to
    today's close, `score` [batch, 1] from -1 to 1 and `confidence` [batch, 1] from 0.5 to 1.
    Outputs `OUTPUT__0` [batch, 1], tomorrow's close divided by today's, and `OUTPUT__1` [batch, 1],
    the probability from 0.5 to 1 that the close moves in the forecast's direction.

    `weights` are the two shares in the mean of log returns, price first. The text's share shrinks
    with its confidence, to nothing at 0.5: a text that says nothing leaves the price prediction as
    it is. `sensitivity` is the log return that the best text stands for.
    """

    width: Final[float]
    weights: Tensor
    sensitivity: Tensor
    temperature: Tensor

    def __init__(self, weights: tuple[float, float] = (0.8, 0.2), sensitivity: float = 0.01):
        super().__init__()
        if min(weights) < 0 or weights[0] == 0:
            raise ValueError(
                f"weights: found {weights}, expected a price weight above 0 and a text weight of 0"
                " or more; pass the two shares, such as (0.8, 0.2)"
            )
        self.width = _WIDTH
        self.register_buffer("weights", torch.tensor(weights) / sum(weights))
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
        text = self.weights[1] * torch.clamp(2.0 * confidence - 1.0, 0.0, 1.0)
        views = self.weights[0] * torch.log(price) + text * self.sensitivity * score
        moved = views / (self.weights[0] + text)
        bounds = torch.log(interval)
        spread = (bounds[:, 1:] - bounds[:, :1]) / self.width
        surprise = torch.abs(moved) / (spread * self.temperature * math.sqrt(2.0))
        return torch.exp(moved), 0.5 * (1.0 + torch.erf(surprise))
