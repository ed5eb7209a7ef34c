"""A fine-tuned sentence encoder that rates a text, and says how sure it is of the sign."""

import math
from typing import Final, Self

import torch
from torch import Tensor, nn

from training.models.encoder import HIDDEN, Encoder
from training.models.signature import Signature, TensorSpec


class SentimentTransformer(nn.Module):
    """From a tokenised text to its sentiment.

    Inputs `input_ids` and `attention_mask` [batch, tokens] of int64, with 1 to 512 tokens. Outputs
    `score__0` [batch, 1], the expected human rating from -1 (worst) to 1 (best), and
    `confidence__1` [batch, 1], the probability from 0.5 to 1 that people rate the text on the
    score's side of 0; it is calibrated by `training.confidence.calibrate_sign`. A text whose mask
    lets nothing be seen is answered with NaN.
    """

    least: Final[float]
    most: Final[float]
    temperature: Tensor

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.least = math.log(0.02)
        self.most = math.log(2.0)
        self.encoder = Encoder(dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(HIDDEN, 2)
        self.register_buffer("temperature", torch.tensor(1.0))

    @classmethod
    def pretrained(cls, dropout: float = 0.1) -> Self:
        """With the sentence encoder's weights; only the head is drawn by chance."""
        model = cls(dropout)
        model.encoder.load_pretrained()
        return model

    @staticmethod
    def signature() -> Signature:
        return Signature(
            (TensorSpec("input_ids", "INT64", (-1,)), TensorSpec("attention_mask", "INT64", (-1,))),
            (TensorSpec("score__0", "FP32", (1,)), TensorSpec("confidence__1", "FP32", (1,))),
        )

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        score, spread = self.rate(input_ids, attention_mask)
        surprise = torch.abs(score) / (spread * self.temperature * math.sqrt(2.0))
        confidence = 0.5 * (1.0 + torch.erf(surprise))
        seen = attention_mask.sum(dim=1, keepdim=True) > 0
        nothing = torch.full_like(score, float("nan"))
        return torch.where(seen, score, nothing), torch.where(seen, confidence, nothing)

    def rate(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """The score and its standard deviation before calibration, [batch, 1] each."""
        states = self.encoder(input_ids, attention_mask)
        weights = attention_mask.unsqueeze(2).to(states.dtype)
        pooled = (states * weights).sum(dim=1) / torch.clamp(weights.sum(dim=1), min=1.0)
        found = self.head(self.dropout(pooled))
        spread = torch.exp(torch.clamp(found[:, 1:], self.least, self.most))
        return torch.tanh(found[:, :1]), spread

    def loss(self, input_ids: Tensor, attention_mask: Tensor, targets: Tensor) -> Tensor:
        """Negative log likelihood of the ratings [batch, 1] as normal around the score."""
        score, spread = self.rate(input_ids, attention_mask)
        return torch.mean(0.5 * ((targets - score) / spread) ** 2 + torch.log(spread))

    def freeze(self, layers: int) -> None:
        """Leave embeddings and the first `layers` of the six layers as they are in training."""
        held = [self.encoder.embeddings, *list(self.encoder.layers)[:layers]]
        for module in held:
            module.requires_grad_(False)
