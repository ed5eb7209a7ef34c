"""`ohlcvFeatures` inside Triton: windows, normalised windows and indicators of raw bars."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from model_builders.builtin.python.requests import Step, Tensors
from model_builders.features.bars import COLUMNS, Bars, Floats
from model_builders.features.failure import FeatureError, Reason
from model_builders.features.frame import NAMES, Periods, frame
from model_builders.features.windows import normalised

_MOST = float(np.finfo(np.float32).max)
_PERIODS = ("rsi", "sma", "ema", "volatility")


class TritonPythonModel:
    """One execution instance; see docs/builtin-steps.md."""

    def initialize(self, args: Mapping[str, str]) -> None:
        self._step = Step.of(args)
        self._steps = self._step.number("steps")
        self._periods = Periods(**{name: self._step.number(name) for name in _PERIODS})

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        return self._step.answer(requests, self._run)

    def _run(self, given: Tensors, wanted: frozenset[str]) -> Tensors:
        ohlcv = given["ohlcv"]
        _check(ohlcv)
        _check_range(ohlcv)
        found: Tensors = {}
        if wanted & {"window", "normalised"}:
            found = self._windows(ohlcv, wanted)
        names = [name for name in NAMES if name in wanted]
        if names:
            found |= self._newest(ohlcv, names)
        return found

    def _windows(self, ohlcv: Floats, wanted: frozenset[str]) -> Tensors:
        if ohlcv.shape[1] < self._steps:
            raise FeatureError(
                Reason.TOO_SHORT,
                f"ohlcv: found {ohlcv.shape[1]} bars, expected {self._steps} or more for a window;"
                " send more bars, the oldest first",
            )
        newest = ohlcv[:, -self._steps :]
        found: Tensors = {}
        if "window" in wanted:
            found["window"] = newest.astype(np.float32)
        if "normalised" in wanted:
            found["normalised"] = normalised(newest)
        return found

    def _newest(self, ohlcv: Floats, names: Sequence[str]) -> Tensors:
        rows = [frame(Bars.numbered(row), self._periods, names) for row in ohlcv]
        return {name: np.array([[row[name][-1]] for row in rows], np.float32) for name in names}


def _check(ohlcv: npt.NDArray[np.float64]) -> None:
    """All rows at once; one after the other only to say which one is wrong."""
    try:
        Bars.numbered(ohlcv.reshape(-1, ohlcv.shape[2]), "ohlcv")
    except FeatureError:
        for row, bars in enumerate(ohlcv):
            Bars.numbered(bars, f"ohlcv[{row}]")
        raise


def _check_range(ohlcv: Floats) -> None:
    """Bars are checked as float64, and a window has float32."""
    wrong = ohlcv > _MOST
    if wrong.any():
        row, bar, column = (int(at) for at in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
        raise FeatureError(
            Reason.OUT_OF_RANGE,
            f"ohlcv[{row}].{COLUMNS[column]}: row {bar} is {ohlcv[row, bar, column]:g}, expected"
            " 3e38 at most, as float32 holds; drop that bar",
        )
