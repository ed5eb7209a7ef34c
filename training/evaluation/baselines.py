"""Baselines: forecasts of tomorrow's close without a model, on the model's own scale."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from training.data.prices import Windows

Array = npt.NDArray[np.float64]
_CLOSE = 3
NAIVE = "tomorrowIsToday"


def baselines(learnt: Windows, judged: Windows) -> Mapping[str, Array]:
    """Return forecasts [n] of close / today's close for `judged`, learnt only from `learnt`."""
    closes = judged.inputs[:, :, _CLOSE].astype(np.float64)
    today = closes[:, -1]
    return {
        NAIVE: np.ones(len(judged)),
        "movingAverage5": closes[:, -5:].mean(axis=1) / today,
        "movingAverage20": closes[:, -20:].mean(axis=1) / today,
        "meanOfTrain": np.full(len(judged), learnt.targets.astype(np.float64).mean()),
    }


def majority(learnt: Windows) -> int:
    """Return 1 if closes rose on more of the train days than they fell, else -1."""
    rose, fell = (learnt.targets > 1).sum(), (learnt.targets < 1).sum()
    return 1 if rose >= fell else -1
