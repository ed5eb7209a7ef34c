"""Every plot is a picture that shows something."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from training.evaluation import plots
from training.loop.history import Epoch

VALUES = np.random.default_rng(1).normal(1, 0.02, 200)
EPOCHS = [Epoch(n, 5 / n, 6 / n, 1e-3, 0.5, 1.0) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "draw",
    [
        lambda path: plots.losses(EPOCHS, 3, path),
        lambda path: plots.predictions(VALUES, VALUES[::-1], "close", path),
        lambda path: plots.residuals(VALUES - 1, "close", path),
        lambda path: plots.calibration(VALUES[:5], VALUES[5:10], ("claimed", "found"), path),
        lambda path: plots.importance({"open": 0.1, "close": 0.9}, VALUES[:60], path),
    ],
    ids=["loss", "predictions", "residuals", "calibration", "attributions"],
)
def test_a_plot_is_a_picture(draw: Callable[[Path], None], tmp_path: Path) -> None:
    draw(tmp_path / "plot.png")
    pixels = imread(tmp_path / "plot.png")
    assert pixels.shape[0] >= 300
    assert pixels.shape[1] >= 500
    assert 0.001 < float((pixels[:, :, :3].min(axis=2) < 0.9).mean()) < 0.5
