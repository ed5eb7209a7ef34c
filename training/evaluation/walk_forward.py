"""Walk-forward evaluation: the model is trained for each period and judged on the next one."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from training.data.prices import Split, Windows
from training.evaluation.baselines import NAIVE
from training.evaluation.gain import Array, gain_over
from training.evaluation.prices import Forecast, Judged, direction, judge
from training.loop import predict
from training.models.price import PricePredictor
from training.order import Say
from training.price_task import price_samples

Learn = Callable[[Split], PricePredictor]


def forecast(model: PricePredictor, samples: Windows) -> Forecast:
    """Return the model's answers, as values of the evaluation."""
    close, bounds = predict(model, price_samples(samples))[:2]
    return Forecast(close[:, 0].double().numpy(), bounds.double().numpy())


def walk_forward(parts: Sequence[Split], learn: Learn, say: Say) -> dict[str, Any]:
    """Return the errors of each fold and of all: they judge the method, not one set of weights.

    `learn` sees a fold's train and validation parts, and is judged on its test part.
    """
    rows, wrong, naive, days = [], [], [], []
    for number, part in enumerate(parts, 1):
        say(f"fold {number}/{len(parts)}: {len(part.train)} windows, judged on {len(part.test)}")
        predicted = forecast(learn(part), part.test)
        judged = judge(Forecast(predicted.close), part.train, part.test)
        rows.append(_row(part, judged))
        true = part.test.targets[:, 0].astype(np.float64)
        wrong.append(predicted.close - true)
        naive.append(1 - true)
        days.append(part.test.target)
    if not rows:
        return {"folds": []}
    return {"folds": rows} | _together(wrong, naive, np.concatenate(days))


def _row(part: Split, judged: Judged) -> dict[str, Any]:
    return {
        "trainedUntil": str(part.train.target.max()),
        "first": str(part.test.first.min()),
        "last": str(part.test.target.max()),
        "samples": len(part.test),
        "rootMeanSquareError": judged.errors["model"]["rootMeanSquareError"],
        "naiveRootMeanSquareError": judged.errors[NAIVE]["rootMeanSquareError"],
        "direction": judged.direction["model"].as_dict(),
        "gainOverNaive": judged.gain.gain,
    }


def _together(wrong: list[Array], naive: list[Array], days: Any) -> dict[str, Any]:
    model, other = np.concatenate(wrong), np.concatenate(naive)
    gain = gain_over(model, other, days)
    true = 1 - other
    return {
        "samples": len(true),
        "gainOverNaive": {"share": gain.gain, "interval95": [gain.lower, gain.upper]},
        "direction": direction(np.sign(model + true - 1), true).as_dict(),
    }
