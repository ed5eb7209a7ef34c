"""`ohlcvFeatures` inside Triton: windows, normalised windows and indicators of raw bars."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from model_builders.builtin.python.requests import Step, Tensors
from model_builders.features.bars import COLUMNS, Bars, Floats, standstill
from model_builders.features.failure import FailureReason, FeatureError
from model_builders.features.frame import NAMES, Periods, frame
from model_builders.features.windows import normalised

# Far inside float32's range: what models make of a price or a volume must fit as well.
_LEAST, _MOST = 1e-30, 1e30
_PERIODS = ("rsi", "sma", "ema", "volatility")
_WINDOWS = frozenset({"window", "normalised"})
_STILL = (1.0, 1.0, 1.0, 1.0, 0.0)
_OLDER = {"bad_bars": "Refuse", "longest_standstill": str(sys.maxsize)}


class TritonPythonModel:
    """One execution instance; see docs/builtin-steps.md."""

    def initialize(self, args: Mapping[str, str]) -> None:
        self._step = Step.of(args, _OLDER)
        self._steps = self._step.number("steps")
        self._longest_standstill = self._step.number("longest_standstill")
        self._periods = Periods(**{name: self._step.number(name) for name in _PERIODS})
        self._refuses = self._step.settings["bad_bars"] == "Refuse"

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        return self._step.answer(requests, self._run)

    def _run(self, given: Tensors, requested: frozenset[str]) -> Tensors:
        ohlcv = given["ohlcv"]
        problems = self._problems(ohlcv, requested)
        if not problems:
            outputs = self._features(ohlcv, requested)
        elif self._refuses:
            raise next(iter(problems.values()))
        else:
            outputs = self._features(self._replaced(ohlcv, list(problems)), requested)
            for values in outputs.values():
                values[list(problems)] = np.nan
        if "problem" in requested:
            messages = [[str(problems.get(row, "")).encode()] for row in range(len(ohlcv))]
            outputs["problem"] = np.array(messages, np.object_)
        return outputs

    def _problems(self, ohlcv: Floats, requested: frozenset[str]) -> dict[int, FeatureError]:
        """Return the errors by row; check all rows at once, and each row only if that fails."""
        if requested & _WINDOWS and ohlcv.shape[1] < self._steps:
            error = FeatureError(
                FailureReason.TOO_SHORT,
                f"ohlcv: found {ohlcv.shape[1]} bars, expected {self._steps} or more for a window;"
                " send more bars, the oldest first",
            )
            return dict.fromkeys(range(len(ohlcv)), error)
        longest = self._longest_standstill
        unreadable = _problem(ohlcv.reshape(-1, ohlcv.shape[2]), "ohlcv")
        if unreadable is None and not (standstill(ohlcv) > longest).any():
            return {}
        # A batch may hold rows of several requests if none is refused: row numbers then mislead.
        names = (f"ohlcv[{row}]" if self._refuses else "ohlcv" for row in range(len(ohlcv)))
        errors = (_problem(bars, name, longest) for bars, name in zip(ohlcv, names, strict=True))
        return {row: error for row, error in enumerate(errors) if error is not None}

    def _replaced(self, ohlcv: Floats, rows: list[int]) -> Floats:
        """Replace the bars of these rows by valid bars, at least `steps` of them."""
        readable = np.array(ohlcv)
        if readable.shape[1] < self._steps:
            readable = np.empty((len(ohlcv), self._steps, len(COLUMNS)))
        readable[rows] = _STILL
        return readable

    def _features(self, ohlcv: Floats, requested: frozenset[str]) -> Tensors:
        newest, outputs = ohlcv[:, -self._steps :], Tensors()
        if "window" in requested:
            outputs["window"] = newest.astype(np.float32)
        if "normalised" in requested:
            outputs["normalised"] = normalised(newest)
        names = [name for name in NAMES if name in requested]
        if names:
            rows = [frame(Bars.numbered(row), self._periods, names) for row in ohlcv]
            for name in names:
                outputs[name] = np.array([[row[name][-1]] for row in rows], np.float32)
        return outputs


def _problem(
    bars: npt.NDArray[np.float64], name: str, longest_standstill: int | None = None
) -> FeatureError | None:
    """Return the first error of bars [n, 5], checked as float64 and for the range of float32."""
    try:
        Bars.numbered(bars, name, longest_standstill)
    except FeatureError as error:
        return error
    wrong = bars > _MOST
    wrong[:, : len(COLUMNS) - 1] |= bars[:, : len(COLUMNS) - 1] < _LEAST
    if not wrong.any():
        return None
    row, column = (int(at) for at in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
    return FeatureError(
        FailureReason.OUT_OF_RANGE,
        f"{name}.{COLUMNS[column]}: row {row} is {bars[row, column]:g}, expected a price from"
        f" {_LEAST:g} to {_MOST:g}, or a volume up to there, for float32; drop that bar",
    )
