"""A price forecast and a text's sentiment as one forecast, with its confidence."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from model_builders.features.failure import FailureReason, FeatureError

Singles = npt.NDArray[np.float32]
# A 90 % interval of a normal distribution is this many standard deviations wide.
INTERVAL_WIDTH = 2 * 1.6449


def shares(weights: Sequence[float]) -> tuple[float, float]:
    """Return the weights of price and text as shares of 1; FeatureError for bad weights."""
    if len(weights) != 2 or min(weights) < 0 or weights[0] == 0:
        raise FeatureError(
            FailureReason.BAD_WEIGHTS,
            f"weights: found {weights}, expected a price weight above 0 and a text weight of 0 or"
            " more; pass the two shares, such as (0.8, 0.2)",
        )
    return weights[0] / sum(weights), weights[1] / sum(weights)


class WeightedAverage:
    """The computation of `training.models.combiner` in numpy; a test compares both.

    `weights` are the two shares in the mean of log returns, price first. The text's share shrinks
    with its confidence, to 0 at 0.5. `sensitivity` is the log return of a text of score 1.
    """

    def __init__(self, weights: Sequence[float] = (0.8, 0.2), sensitivity: float = 0.01) -> None:
        self._price, self._text = map(np.float32, shares(weights))
        self._sensitivity = np.float32(sensitivity)

    def __call__(
        self,
        price: npt.ArrayLike,
        interval: npt.ArrayLike,
        score: npt.ArrayLike,
        confidence: npt.ArrayLike,
    ) -> tuple[Singles, Singles]:
        """Return forecast [n, 1], tomorrow's close divided by today's, and probability [n, 1].

        `price` [n, 1] and its 90 % `interval` [n, 2] are relative to today's close. `score` [n, 1]
        is -1 to 1, `confidence` [n, 1] is 0.5 to 1. The probability, 0.5 to 1, is that of a move
        in the forecast's direction. A text with NaN as score or confidence has no weight. An
        invalid price or interval gives NaN in its own row.
        """
        scores, confidences, prices, bounds = map(_singles, (score, confidence, price, interval))
        # Values that cannot be computed become NaN without a warning, as in torch.
        with np.errstate(all="ignore"):
            heard = ~(np.isnan(scores) | np.isnan(confidences))
            weight = np.where(heard, self._text * np.clip(2 * confidences - 1, 0, 1), np.float32(0))
            view = self._sensitivity * np.where(heard, scores, np.float32(0))
            moved = (self._price * np.log(prices) + weight * view) / (self._price + weight)
            logs = np.log(bounds)
            spread = (logs[:, 1:] - logs[:, :1]) / np.float32(INTERVAL_WIDTH)
            surprise = np.abs(moved) / (spread * np.float32(math.sqrt(2.0)))
            return np.exp(moved), np.float32(0.5) * (1 + _erf(surprise))


def _singles(given: Any) -> Singles:
    return np.asarray(given, np.float32)


def _erf(values: npt.NDArray[Any]) -> Singles:
    erf = np.fromiter(map(math.erf, values.ravel().tolist()), np.float32, values.size)
    return erf.reshape(values.shape)
