"""Windows of bars for a price model, and their scale."""

from typing import Any

import numpy as np
import numpy.typing as npt

from model_builders.features.bars import CLOSE, COLUMNS, Floats
from model_builders.features.failure import FailureReason, FeatureError
from model_builders.features.series import period

STEPS = 60
PRICE_SCALE = 0.1


def windows(rows: npt.ArrayLike, steps: int = STEPS, stride: int = 1) -> Floats:
    """Return every `stride`-th run of `steps` rows [n, k] as a view [m, steps, k], oldest first.

    Raises FeatureError for fewer than `steps` rows, and for NaN or infinity: leave out rows in
    which an indicator warms up.
    """
    values = np.asarray(rows, np.float64)
    width, step = period("steps", steps), period("stride", stride)
    if values.ndim != 2:
        raise FeatureError(
            FailureReason.WRONG_SHAPE, f"rows: found shape {list(values.shape)}, expected [n, k]"
        )
    if len(values) < width:
        raise FeatureError(
            FailureReason.TOO_SHORT,
            f"rows: found {len(values)}, expected {width} or more for a window; fetch more bars",
        )
    _check_finite(values, "rows")
    slid = np.lib.stride_tricks.sliding_window_view(values, width, axis=0)
    return slid[::step].transpose(0, 2, 1)


def normalised(ohlcv: npt.ArrayLike, price_scale: float = PRICE_SCALE) -> npt.NDArray[np.float32]:
    """Scale windows [b, steps, 5] of raw adjusted bars around 0, for any price level.

    Open, high, low and close become ln(price / the window's last close) / `price_scale`. Volume
    becomes ln(1 + volume) less its mean over the window, so a window without any trade is 0. The
    models do the same in torch; a test compares both.
    """
    values = np.asarray(ohlcv, np.float64)
    if values.ndim != 3 or values.shape[1] < 1 or values.shape[2] != len(COLUMNS):
        raise FeatureError(
            FailureReason.WRONG_SHAPE,
            f"ohlcv: found shape {list(values.shape)}, expected [batch, steps, 5]:"
            f" {', '.join(COLUMNS)}",
        )
    _check_finite(values, "ohlcv")
    _check_sign(values[:, :, :4] <= 0, values, FailureReason.PRICE_NOT_POSITIVE, "more than 0")
    none = np.zeros((*values.shape[:2], CLOSE + 1), bool)
    negative = np.concatenate([none, values[:, :, 4:] < 0], axis=2)
    _check_sign(negative, values, FailureReason.NEGATIVE_VOLUME, "0 or more")
    today = values[:, -1:, CLOSE : CLOSE + 1]
    prices = np.log(values[:, :, :4] / today) / price_scale
    volume = np.log1p(values[:, :, 4:])
    scaled = np.concatenate([prices, volume - volume.mean(axis=1, keepdims=True)], axis=2)
    return scaled.astype(np.float32)


def _check_finite(values: Floats, name: str) -> None:
    wrong = ~np.isfinite(values)
    if wrong.any():
        place = [int(at) for at in np.unravel_index(int(np.argmax(wrong)), wrong.shape)]
        raise FeatureError(
            FailureReason.NOT_FINITE,
            f"{name}: {place} is {values[tuple(place)]}, expected a number; leave that bar out",
        )


def _check_sign(wrong: Any, values: Floats, reason: FailureReason, expected: str) -> None:
    if wrong.any():
        place = [int(at) for at in np.unravel_index(int(np.argmax(wrong)), wrong.shape)]
        raise FeatureError(
            reason,
            f"ohlcv.{COLUMNS[place[2]]}: {place} is {values[tuple(place)]:g}, expected {expected};"
            " leave that bar out",
        )
