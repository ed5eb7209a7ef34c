"""How good the model is on days it never saw, beside the naive forecast "tomorrow = today"."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from training.data.prices import Floats, Split, Windows
from training.fitting import Fitted, predict

Report = dict[str, Any]
Errors = dict[str, float | None]


def report(fitted: Fitted, parts: Split, data_sha256: str) -> Report:
    """Everything needed to judge and to repeat a training run."""
    predicted = predict(fitted.model, parts.test).numpy()
    model = errors(predicted, parts.test)
    naive = errors(np.ones_like(predicted), parts.test)
    return {
        "data": {"source": "bokeh-sampledata stocks", "sha256": data_sha256},
        "settings": asdict(fitted.settings),
        "split": {
            "train": _span(parts.train),
            "validation": _span(parts.validation),
            "test": _span(parts.test),
        },
        "epochs": [asdict(epoch) for epoch in fitted.epochs],
        "bestEpoch": fitted.best,
        "test": {"model": model, "naive": naive},
        "verdict": verdict(model, naive),
    }


def errors(predicted: Floats, samples: Windows) -> Errors:
    """Errors of the relative close (0.01 is one percent of the price), and of its direction.

    `directionRight` is None for a forecast that names no direction; compare it with `daysThatRose`,
    the share that "always up" gets right.
    """
    wanted = samples.targets.astype(np.float64)
    off = predicted.astype(np.float64) - wanted
    moved = (wanted != 1) & (predicted != 1)
    right = np.sign(predicted - 1)[moved] == np.sign(wanted - 1)[moved]
    return {
        "meanAbsoluteError": float(np.abs(off).mean()),
        "rootMeanSquareError": float(np.sqrt((off**2).mean())),
        "directionRight": float(right.mean()) if moved.any() else None,
        "daysThatRose": float((wanted > 1).mean()),
    }


def verdict(model: Errors, naive: Errors) -> str:
    """One honest sentence."""
    found, simple = model["rootMeanSquareError"] or 0.0, naive["rootMeanSquareError"] or 1.0
    gain = 100 * (1 - found / simple)
    numbers = f"test RMSE {found:.5f} against {simple:.5f} of 'tomorrow = today'"
    if gain > 1:
        return f"better than naive by {gain:.1f} %: {numbers}"
    return (
        f"no better than naive ({gain:+.1f} %): {numbers}. Daily closes are close to a random walk;"
        " this model shows serving, not trading"
    )


def write_report(content: Report, folder: Path) -> None:
    (folder / "report.json").write_text(json.dumps(content, indent=2) + "\n")
    print(content["verdict"])


def _span(samples: Windows) -> dict[str, Any]:
    if not len(samples):
        return {"samples": 0}
    days = {"first": str(samples.first.min()), "last": str(samples.target.max())}
    return {"samples": len(samples), **days}
