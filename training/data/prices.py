"""Daily OHLCV of five shares, as windows for predicting the next close, split in time.

The data are the public-domain `stocks` of bokeh-sampledata (AAPL, FB, GOOG, IBM, MSFT; 2000-2013).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

FEATURES = ("open", "high", "low", "close", "volume")
STEPS = 60
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prices:
    """Adjusted daily bars by ticker, and the SHA-256 of the file that they were read from."""

    bars: Mapping[str, pd.DataFrame]
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Samples: each a window of bars, and what the close did on the next trading day.

    `inputs` [n, 60, 5] are adjusted open, high, low, close and volume; `targets` [n, 1] are the
    next close divided by the window's last one. `tickers`, `first`, `last` and `target` [n] say
    whose window it is and on which days (datetime64[D]) it begins, ends and is judged.
    """

    inputs: Floats
    targets: Floats
    tickers: npt.NDArray[np.str_]
    first: npt.NDArray[np.datetime64]
    last: npt.NDArray[np.datetime64]
    target: npt.NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, chosen: Any) -> "Windows":
        return Windows(
            self.inputs[chosen],
            self.targets[chosen],
            self.tickers[chosen],
            self.first[chosen],
            self.last[chosen],
            self.target[chosen],
        )


@dataclass(frozen=True, slots=True)
class Split:
    """Train, validation and test samples in order of time, without a day in common."""

    train: Windows
    validation: Windows
    test: Windows


def load_prices() -> Prices:
    """Read the installed data set and adjust it for splits and dividends."""
    from bokeh_sampledata import package_path

    path = Path(package_path("stocks.csv.gz"))
    table = pd.read_csv(path)
    table.columns = table.columns.str.lower().str.replace(" ", "_")
    table["date"] = pd.to_datetime(table["date"])
    bars = {str(ticker): adjusted(rows) for ticker, rows in table.groupby("ticker")}
    return Prices(bars, hashlib.sha256(path.read_bytes()).hexdigest())


def adjusted(rows: pd.DataFrame) -> pd.DataFrame:
    """One share's bars by date with every price on the scale of its adjusted close.

    The factor of a day holds corporate actions that came later, but as one number for all that
    came before them: whoever divides a window by its own last close does not see the future in it.
    Volume is divided by the factor, so that money traded stays what it was.
    """
    ordered = rows.sort_values("date").set_index("date")
    factor = ordered["adj_close"] / ordered["close"]
    bars = ordered[["open", "high", "low", "close"]].mul(factor, axis=0)
    bars["volume"] = ordered["volume"] / factor
    usable = (bars[["open", "high", "low", "close"]] > 0).all(axis=1) & bars.notna().all(axis=1)
    return bars.loc[usable, list(FEATURES)]


def windows(bars: Mapping[str, pd.DataFrame], stride: int = 1) -> Windows:
    """Every `stride`-th window of each share that has a next day to be judged by."""
    parts = [_of_share(ticker, table, stride) for ticker, table in sorted(bars.items())]
    fields = zip(*parts, strict=True)
    return Windows(*(np.concatenate(field) for field in fields))


def _of_share(ticker: str, table: pd.DataFrame, stride: int) -> tuple[npt.NDArray[Any], ...]:
    values = table.to_numpy(np.float64)
    days = table.index.to_numpy().astype("datetime64[D]")
    starts = np.arange(0, max(0, len(values) - STEPS), stride)
    rows = starts[:, None] + np.arange(STEPS)
    last, after = starts + STEPS - 1, starts + STEPS
    targets = values[after, 3] / values[last, 3]
    return (
        values[rows].astype(np.float32),
        targets[:, None].astype(np.float32),
        np.full(len(starts), ticker),
        days[starts],
        days[last],
        days[after],
    )


def split(
    samples: Windows, shares: tuple[float, float] = (0.7, 0.15), purge_days: int = 7
) -> Split:
    """Cut at two days, with `purge_days` calendar days at least between the parts.

    A part's first window *begins* that long after the last day by which the part before was judged:
    no bar is both learnt from and judged by. `shares` of the samples' days go to train and
    validation, the rest to test.
    """
    days = np.unique(samples.target)
    first, second = (
        days[min(int(len(days) * share), len(days) - 1)] for share in np.cumsum(shares)
    )
    return cut(samples, (first, second), purge_days)


def cut(samples: Windows, days: tuple[np.datetime64, np.datetime64], purge_days: int = 7) -> Split:
    """Train until the first of two days, validate until the second, test from there on; see `split`
    for what is left out between the parts."""
    gap = np.timedelta64(purge_days, "D")
    train = samples.target < days[0]
    validation = (samples.first >= days[0] + gap) & (samples.target < days[1])
    test = samples.first >= days[1] + gap
    return Split(samples[train], samples[validation], samples[test])
