"""Attributions of a trained model: integrated gradients (Sundararajan et al. 2017) by captum."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from captum.attr import (  # type: ignore[import-untyped]
    IntegratedGradients,
    LayerIntegratedGradients,
)
from torch import Tensor

from training.data.prices import FEATURES
from training.models.price import PricePredictor
from training.models.sentiment import SentimentTransformer

_PATH_STEPS = 32
_PAD, _CLS, _SEP = 0, 101, 102


@dataclass(frozen=True, slots=True, eq=False)
class Attributions:
    """Shares of each input in the predicted log return.

    `values` [n, 60, 5] add up to the difference from the answer to a window without any movement.
    `delta` is their largest error in that sum, from the steps of the integral, relative to the mean
    size of the differences.
    """

    values: npt.NDArray[np.float64]
    delta: float

    def by_feature(self) -> dict[str, float]:
        """Return mean absolute attribution of each column, over windows and steps."""
        means = np.abs(self.values).mean(axis=(0, 1))
        return dict(zip(FEATURES, means.tolist(), strict=True))

    def by_step(self) -> npt.NDArray[np.float64]:
        """Return the same of each day [60], today last."""
        means: npt.NDArray[np.float64] = np.abs(self.values).mean(axis=(0, 2))
        return means

    def as_dict(self) -> dict[str, Any]:
        return {
            "method": f"integrated gradients, {_PATH_STEPS} steps, from a window without movement",
            "windows": len(self.values),
            "meanAbsoluteByFeature": self.by_feature(),
            "shareOfLast5Days": float(self.by_step()[-5:].sum() / self.by_step().sum()),
            "convergenceDelta": self.delta,
        }


def of_windows(model: PricePredictor, ohlcv: Tensor) -> Attributions:
    """Explain the answers to raw windows [n, 60, 5], along the normalised ones."""
    model.cpu().eval()
    bars = model.normalised(ohlcv)
    # In normalised bars, 0 is today's close and the window's mean volume.
    flat = torch.zeros_like(bars)
    method = IntegratedGradients(model.read)
    attributed, off = method.attribute(
        bars, flat, n_steps=_PATH_STEPS, internal_batch_size=256, return_convergence_delta=True
    )
    with torch.no_grad():
        size = (model.read(bars) - model.read(flat)).abs().mean()
    return Attributions(attributed.detach().double().numpy(), float(off.abs().max() / size))


@dataclass(frozen=True, slots=True)
class Word:
    """One token and its share in the score."""

    token: str
    share: float


def of_text(model: SentimentTransformer, ids: Tensor, tokens: list[str]) -> tuple[Word, ...]:
    """Explain the score of one text [1, tokens] by its tokens, against one of padding only."""
    model.cpu().eval()
    mask = torch.ones_like(ids)
    padding = torch.where((ids == _CLS) | (ids == _SEP), ids, torch.full_like(ids, _PAD))
    method = LayerIntegratedGradients(
        lambda given, seen: model(given, seen)[0], model.encoder.embeddings
    )
    attributed = method.attribute(
        ids, padding, additional_forward_args=(mask,), n_steps=_PATH_STEPS, internal_batch_size=16
    )
    shares = attributed.sum(dim=2)[0].tolist()
    return tuple(Word(token, share) for token, share in zip(tokens, shares, strict=True))
