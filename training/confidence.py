"""Confidence of a trained model: set on validation data, measured on held-out data."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from training.failure import TrainingError
from training.loop.predicting import predict
from training.loop.samples import Samples
from training.models.price import PricePredictor
from training.models.sentiment import SentimentTransformer

_BINS = 10


class CalibrationError(TrainingError):
    """The samples do not suffice to calibrate with."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of `samples` outcomes that fell into their interval, and the intervals' mean width.

    `width` is relative to today's close: 0.05 is five percent of the price.
    """

    nominal: float
    share: float
    samples: int
    width: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Share of right signs, beside the share that the confidence claims.

    `error` is the expected calibration error: the mean distance of both over ten equal ranges of
    the confidence, weighted by their samples. Outcomes of 0 have no sign and are left out.
    """

    claimed: float
    right: float
    error: float
    samples: int


def calibrate(model: PricePredictor, samples: Samples, coverage: float = 0.9) -> float:
    """Set the width of the model's intervals by split conformal prediction, and return it.

    The score of a sample is the error of its log return in units of the window's volatility. The
    width is the score that `coverage` of the samples stay within, corrected for a finite number. It
    is exact for exchangeable days, which trading days are not: measure with `measured_coverage`.
    Raises CalibrationError for too few samples or a coverage that is not between 0 and 1.
    """
    if not 0 < coverage < 1:
        raise CalibrationError(
            f"coverage: found {coverage}, expected a share between 0 and 1; pass 0.9 for 90 %"
        )
    # Rounded first: 0.9 / 0.1 is more than 9 in floating point.
    rank = math.ceil(round((len(samples) + 1) * coverage, 6))
    if rank > len(samples):
        least = math.ceil(round(coverage / (1 - coverage), 6))
        raise CalibrationError(
            f"samples: found {len(samples)}, expected {least} or more for a coverage of"
            f" {coverage:g}; take more validation days or a lower --stride"
        )
    (window,) = samples.inputs.values()
    predicted = predict(model, samples)[0]
    off = torch.abs(torch.log(samples.targets) - torch.log(predicted)) / model.volatility(window)
    if not bool(torch.isfinite(off).all()):
        raise CalibrationError(
            "samples: found windows that the model answers with NaN, expected prices above 0 and"
            " finite numbers; leave these windows out"
        )
    width = torch.sort(off.flatten()).values[rank - 1]
    model.quantile.copy_(width)
    return float(width)


def measured_coverage(model: PricePredictor, samples: Samples, nominal: float = 0.9) -> Coverage:
    """Measure coverage; `samples` must not be those of the weights or the width."""
    bounds, targets = predict(model, samples)[1], samples.targets
    inside = (targets >= bounds[:, :1]) & (targets <= bounds[:, 1:])
    width = float((bounds[:, 1] - bounds[:, 0]).mean())
    return Coverage(nominal, float(inside.float().mean()), len(samples), width)


def calibrate_sign(model: SentimentTransformer, samples: Samples) -> float:
    """Scale the model's spread so that its confidence equals the share of right signs.

    Returns the factor, the likeliest one for the signs of the ratings. Raises CalibrationError
    if all ratings are 0.
    """
    score, _, spread = predict(model, samples, batch=32)
    surprise = score.abs() / spread
    signed = samples.targets != 0
    if not bool(signed.any()):
        raise CalibrationError(
            "samples: found no rating above or below 0, expected some; take other validation texts"
        )
    right = torch.sign(score) == torch.sign(samples.targets)
    factor = likeliest_scale(surprise[signed], right[signed])
    model.temperature.mul_(factor)
    return factor


def likeliest_scale(surprise: Tensor, right: Tensor) -> float:
    """Return the s that makes `right` likeliest; each is true with probability Phi(surprise / s).

    If the model has no skill, s is large, and every confidence is near 0.5.
    """
    candidates = torch.logspace(-1.5, 2.5, 401, dtype=torch.float64)
    claimed = 0.5 * (1 + torch.erf(surprise.double() / (candidates[:, None] * math.sqrt(2))))
    claimed = claimed.clamp(1e-9, 1 - 1e-9)
    likely = torch.where(right, torch.log(claimed), torch.log(1 - claimed)).mean(dim=1)
    return float(candidates[likely.argmax()])


def measured_reliability(model: SentimentTransformer, samples: Samples) -> Reliability:
    """Measure reliability; `samples` must not be those of the weights or the scale."""
    score, confidence, _ = predict(model, samples, batch=32)
    signed = samples.targets != 0
    claimed = confidence[signed]
    right = (torch.sign(score) == torch.sign(samples.targets))[signed].float()
    bins = torch.clamp(((claimed - 0.5) * 2 * _BINS).long(), 0, _BINS - 1)
    error = 0.0
    for each in range(_BINS):
        inside = bins == each
        if bool(inside.any()):
            gap = abs(float(claimed[inside].mean() - right[inside].mean()))
            error += gap * float(inside.float().mean())
    return Reliability(float(claimed.mean()), float(right.mean()), error, len(claimed))
