"""Pictures of a training: losses, predictions, residuals and calibration, as PNG."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.evaluation.gain import Array
from training.loop.history import Epoch

Axis = tuple[str, str]


def losses(epochs: Sequence[Epoch], best: int, path: Path) -> None:
    """Plot train and validation loss by epoch, with the epoch that was kept."""
    numbers = [epoch.number for epoch in epochs]
    with _figure(path, "Loss", ("epoch", "mean loss")) as axes:
        axes.plot(numbers, [epoch.train for epoch in epochs], "o-", label="train")
        axes.plot(numbers, [epoch.validation for epoch in epochs], "o-", label="validation")
        axes.axvline(best, color="grey", linestyle=":", label=f"kept: epoch {best}")
        axes.legend()


def predictions(predicted: Array, true: Array, unit: str, path: Path) -> None:
    """Plot predictions [n] against actual values [n]; a right prediction is on the line."""
    with _figure(path, "Predictions against truth", (f"true {unit}", f"predicted {unit}")) as axes:
        axes.scatter(true, predicted, s=6, alpha=0.4)
        ends = [float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))]
        axes.plot(ends, ends, color="grey", linestyle=":", label="right")
        axes.legend()


def residuals(off: Array, unit: str, path: Path) -> None:
    """Plot a histogram of the errors [n] of predictions."""
    title = f"Residuals: mean {off.mean():+.4f}, standard deviation {off.std():.4f}"
    with _figure(path, title, (f"predicted minus true {unit}", "cases")) as axes:
        axes.hist(off, bins=min(60, max(5, len(off) // 8)))
        axes.axvline(0, color="grey", linestyle=":")


def calibration(claimed: Array, measured: Array, axis: Axis, path: Path) -> None:
    """Plot claimed [k] against measured shares [k]; a claim that holds is on the line."""
    with _figure(path, "Calibration on held-out data", axis) as axes:
        ends = [float(min(claimed.min(), measured.min())), 1.0]
        axes.plot(ends, ends, color="grey", linestyle=":", label="as claimed")
        axes.plot(claimed, measured, "o-", label="found")
        axes.legend()


def importance(by_name: dict[str, float], by_step: Array, path: Path) -> None:
    """Plot the mean size of each input's attribution, and its spread over the steps."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    bars, line = figure.subplots(1, 2)
    bars.barh(list(by_name), list(by_name.values()))
    bars.set(title="Attribution by input", xlabel="mean absolute attribution")
    line.plot(np.arange(len(by_step)) - len(by_step) + 1, by_step)
    line.set(title="Attribution by day", xlabel="day (0 is today)")
    figure.savefig(path, dpi=100)


@contextmanager
def _figure(path: Path, title: str, axis: Axis) -> Iterator[Axes]:
    # Not pyplot: it keeps figures in a global, and asks for a display.
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes: Any = figure.subplots()
    axes.set(title=title, xlabel=axis[0], ylabel=axis[1])
    yield axes
    figure.savefig(path, dpi=100)
