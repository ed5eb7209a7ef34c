"""Expected answers of the trading ensemble: the same steps in Python, with training's code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from hack.demo.trained_models import trained_model
from inference_operator.api.builtin import WeightedAverage
from model_builders.features.bars import COLUMNS, Bars
from model_builders.features.failure import FeatureError
from model_builders.features.tokens import TooLong
from model_builders.features.windows import STEPS, windows
from training.exporting import load_weights
from training.models.catalog import MODELS
from training.models.combiner import EnsembleCombiner
from training.sentiment_task import MOST_TOKENS, tokeniser

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """`price`, `score` and `confidence` [n, 1], as the ensemble's outputs."""

    price: Floats
    score: Floats
    confidence: Floats


@dataclass(frozen=True, slots=True)
class Reference:
    """The trained networks with their weights, in PyTorch, and what joins their answers."""

    lstm: nn.Module
    sentiment: nn.Module
    combiner: nn.Module

    @classmethod
    def trained(cls, average: WeightedAverage) -> Self:
        lstm, sentiment = (
            load_weights(MODELS[name].create(), trained_model(name))
            for name in ("lstm_price_predictor", "sentiment_transformer")
        )
        return cls(lstm, sentiment, combiner(average))

    def answers(self, ohlcv: npt.NDArray[Any], texts: Sequence[str]) -> Forecasts:
        """Answer bars [n, bars, 5] and as many texts, each row on its own; "" means no text."""
        rows = [self._answer(*row) for row in zip(ohlcv, texts, strict=True)]
        return Forecasts(*(torch.cat(each).numpy() for each in zip(*rows, strict=True)))

    def _answer(self, ohlcv: npt.NDArray[Any], text: str) -> tuple[torch.Tensor, ...]:
        window = _window(ohlcv)
        with torch.inference_mode():
            price, interval = self.lstm(torch.from_numpy(window))
            score, confidence = self._view(text)
            forecast, probability = self.combiner(price, interval, score, confidence)
        return forecast, score, probability

    def _view(self, text: str) -> tuple[torch.Tensor, torch.Tensor]:
        if not text:
            return torch.full((1, 1), torch.nan), torch.full((1, 1), torch.nan)
        ids = torch.tensor([tokeniser().ids(text, MOST_TOKENS, TooLong.CUT)])
        score, confidence, _ = self.sentiment(ids, torch.ones_like(ids))
        return score, confidence


def _window(ohlcv: npt.NDArray[Any]) -> Floats:
    """Return the newest window of bars that can be read, else one of NaN."""
    try:
        days = np.arange(len(ohlcv)).astype("datetime64[D]")
        return windows(Bars.of(days, ohlcv).ohlcv)[-1:].astype(np.float32)
    except FeatureError:
        return np.full((1, STEPS, len(COLUMNS)), np.nan, np.float32)


def combiner(average: WeightedAverage) -> nn.Module:
    """Return the network of training with the weights that the pipeline says."""
    weights = (float(average.weights.price), float(average.weights.sentiment))
    return EnsembleCombiner(weights, average.sentiment_basis_points / 10_000).eval()
