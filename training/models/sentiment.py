"""A fine-tuned sentence encoder that rates a text, with its confidence in the sign."""

import math
from typing import Final, Self

import torch
from torch import Tensor, nn

from training.models.encoder import HIDDEN, LAYERS, Encoder
from training.models.signature import Signature, TensorSpec


class SentimentTransformer(nn.Module):
    """Sentiment of a tokenised text.

    Inputs `input_ids` and `attention_mask` [batch, tokens] of int64, with 1 to 512 tokens. Output
    `score__0` [batch, 1] is the expected human rating from -1 (worst) to 1 (best).
    `confidence__1` [batch, 1] is the probability from 0.5 to 1 that people rate the text on the
    score's side of 0. `spread__2` [batch, 1] is the standard deviation of the ratings around the
    score. `training.confidence.calibrate_sign` sets their scale. If the mask hides all tokens, the
    score is NaN.
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
        """Return a model with the sentence encoder's weights; only the head is random."""
        model = cls(dropout)
        model.encoder.load_pretrained()
        return model

    @staticmethod
    def signature() -> Signature:
        return Signature(
            (TensorSpec("input_ids", "INT64", (-1,)), TensorSpec("attention_mask", "INT64", (-1,))),
            (
                TensorSpec("score__0", "FP32", (1,)),
                TensorSpec("confidence__1", "FP32", (1,)),
                TensorSpec("spread__2", "FP32", (1,)),
            ),
        )

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        states = self.encoder(input_ids, attention_mask)
        weights = attention_mask.unsqueeze(2).to(states.dtype)
        pooled = (states * weights).sum(dim=1) / torch.clamp(weights.sum(dim=1), min=1.0)
        outputs = self.head(self.dropout(pooled))
        spread = torch.exp(torch.clamp(outputs[:, 1:], self.least, self.most)) * self.temperature
        nothing = torch.full_like(spread, float("nan"))
        score = torch.where(weights.sum(dim=1) > 0, torch.tanh(outputs[:, :1]), nothing)
        confidence = 0.5 * (1.0 + torch.erf(torch.abs(score) / (spread * math.sqrt(2.0))))
        return score, confidence, spread

    @staticmethod
    def loss(outputs: tuple[Tensor, ...], targets: Tensor) -> Tensor:
        """Return negative log likelihood of the ratings [batch, 1] as normal around the score."""
        score, _, spread = outputs
        return torch.mean(0.5 * ((targets - score) / spread) ** 2 + torch.log(spread))

    def freeze(self, layers: int) -> None:
        """Leave embeddings and the first `layers` of the six layers as they are in training."""
        if not 0 <= layers <= LAYERS:
            raise ValueError(f"layers: found {layers}, expected 0 to {LAYERS}; pass fewer")
        held = [self.encoder.embeddings, *list(self.encoder.layers)[:layers]]
        for module in held:
            module.requires_grad_(False)
