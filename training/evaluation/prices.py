"""A price predictor on days that it never saw: errors, direction, and what its intervals hold."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data.prices import Windows
from training.evaluation.baselines import NAIVE, Array, baselines, majority
from training.evaluation.gain import Gain, gain_over, lowest_mean
from training.evaluation.proportions import Share, share_of

_SENSE = "Daily closes are close to a random walk; this model shows serving, not trading"


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Tomorrow's close / today's [n], and its bounds [n, 2] where the forecast gives any."""

    close: Array
    bounds: Array | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The errors of a model's forecast, beside those of all baselines."""

    errors: dict[str, dict[str, float]]
    direction: dict[str, Share]
    interval: dict[str, Any] | None
    gain: Gain
    skilled: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "errors": self.errors,
            "direction": {name: share.as_dict() for name, share in self.direction.items()},
            "interval": self.interval,
            "gainOverNaive": {
                "share": self.gain.gain,
                "interval95": [self.gain.lower, self.gain.upper],
            },
        }


def judge(forecast: Forecast, learnt: Windows, judged: Windows) -> Judged:
    """Compare the forecast with the outcome; baselines may use `learnt`."""
    true = _wanted(judged)
    others = baselines(learnt, judged)
    closes = {"model": forecast.close, **others}
    usual = np.full(len(judged), majority(learnt))
    signs = {"model": np.sign(forecast.close - 1), "majorityOfTrain": usual}
    signs |= {n: np.sign(v - 1) for n, v in others.items() if n.startswith("movingAverage")}
    return Judged(
        {name: errors(close, true) for name, close in closes.items()},
        {name: direction(sign, true) for name, sign in signs.items()},
        None
        if forecast.bounds is None
        else held(forecast.bounds, true).as_dict()
        | {"meanWidth": float((forecast.bounds[:, 1] - forecast.bounds[:, 0]).mean())},
        gain_over(forecast.close - true, others[NAIVE] - true, judged.target),
        is_skilled(signs["model"], usual, true, judged.target),
    )


def errors(close: Array, true: Array) -> dict[str, float]:
    """Return errors of the relative close: 0.01 is one percent of the price."""
    off = close - true
    return {
        "meanAbsoluteError": float(np.abs(off).mean()),
        "rootMeanSquareError": float(np.sqrt((off**2).mean())),
    }


def direction(sign: npt.NDArray[Any], true: Array) -> Share:
    """Return how often the sign was right, on days that moved and for forecasts with a sign."""
    happened = np.sign(true - 1)
    named = (happened != 0) & (sign != 0)
    return share_of(int((sign[named] == happened[named]).sum()), int(named.sum()))


def is_skilled(
    sign: npt.NDArray[Any], usual: npt.NDArray[Any], true: Array, days: npt.NDArray[np.datetime64]
) -> bool:
    """Return whether the sign is right significantly more often than chance and the usual sign.

    The bootstrap draws whole `days` [n]: shares that rise and fall together are one case.
    """
    happened = np.sign(true - 1)
    named = (happened != 0) & (sign != 0)
    right, habit = ((which == happened)[named].astype(np.float64) for which in (sign, usual))
    chance = np.full(len(right), 0.5)
    return all(lowest_mean(right - other, days[named]) > 0 for other in (chance, habit))


def held(bounds: Array, true: Array) -> Share:
    """Return how often the close stayed within its bounds."""
    inside = (bounds[:, 0] <= true) & (true <= bounds[:, 1])
    return share_of(int(inside.sum()), len(true))


def verdict(judged: Judged) -> str:
    """Describe the result: first the price level, then the direction."""
    model, naive = (judged.errors[name]["rootMeanSquareError"] for name in ("model", NAIVE))
    numbers = f"test RMSE {model:.5f} against {naive:.5f} of 'tomorrow = today'"
    if judged.gain.lower > 0:
        level = f"better than naive: {judged.gain}: {numbers}."
    elif judged.gain.upper < 0:
        level = f"worse than naive: {judged.gain}: {numbers}. {_SENSE}."
    else:
        level = f"no better than naive: {judged.gain}: {numbers}. {_SENSE}."
    return f"{level} {_of_direction(judged)}"


def _of_direction(judged: Judged) -> str:
    model, usual = judged.direction["model"], judged.direction["majorityOfTrain"]
    numbers = f"Direction right on {model}, with the usual direction on {usual}"
    if judged.skilled:
        return f"{numbers}: better than chance and habit."
    return f"{numbers}: no evidence of skill."


def _wanted(samples: Windows) -> Array:
    return samples.targets[:, 0].astype(np.float64)
