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

from model_builders.features import windows as window_features
from model_builders.features.bars import COLUMNS, Bars
from model_builders.features.failure import FeatureError
from model_builders.features.point_in_time import Known, close_ahead, dataset
from training.data.failure import DataError

FEATURES = COLUMNS
STEPS = window_features.STEPS
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
    next close divided by the window's last one. `tickers` [n] are the
    shares; `first`, `last` and `target` [n] the days of first bar, last bar and outcome.
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
    bars = {str(ticker): adjusted(rows, str(ticker)) for ticker, rows in table.groupby("ticker")}
    return Prices(bars, hashlib.sha256(path.read_bytes()).hexdigest())


def adjusted(rows: pd.DataFrame, ticker: str) -> pd.DataFrame:
    """Return one share's bars by date with every price on the scale of its adjusted close.

    A day's factor holds later corporate actions, but as one number for all days before them. If a
    window is divided by its own last close, the future cancels out. Volume is divided by the
    factor, so that the money traded stays the same. Raises DataError, which names share and day,
    for a price that is not above 0 and for NaN: no row is left out.
    """
    ordered = rows.sort_values("date").set_index("date")
    _demand_prices(ordered, ticker)
    factor = ordered["adj_close"] / ordered["close"]
    bars = ordered[["open", "high", "low", "close"]].mul(factor, axis=0)
    bars["volume"] = ordered["volume"] / factor
    return bars[list(FEATURES)]


def _demand_prices(ordered: pd.DataFrame, ticker: str) -> None:
    prices = ordered[["open", "high", "low", "close", "adj_close"]]
    good = prices[prices > 0].assign(volume=ordered["volume"]).notna()
    if good.to_numpy().all():
        return
    row, column = np.argwhere(~good.to_numpy())[0]
    name, day = good.columns[column], ordered.index[row]
    raise DataError(
        f"bars of {ticker}: found {name} {ordered[name].iloc[row]} on {day:%Y-%m-%d}, expected"
        f" {'a number' if name == 'volume' else 'a price above 0'}; drop that bar, or correct it"
    )


def windows(bars: Mapping[str, pd.DataFrame], stride: int = 1) -> Windows:
    """Return every `stride`-th window of each share that has a next day as its target.

    A share with 60 bars or fewer has none. Raises DataError, which names the share, for other
    columns than FEATURES and for what `Bars.of` refuses: NaN, days twice or out of order.
    """
    if not bars:
        raise DataError("bars: found no share, expected one or more")
    parts = [_of_share(ticker, table, stride) for ticker, table in sorted(bars.items())]
    fields = zip(*parts, strict=True)
    return Windows(*(np.concatenate(field) for field in fields))


def _of_share(ticker: str, table: pd.DataFrame, stride: int) -> tuple[npt.NDArray[Any], ...]:
    bars = _bars(ticker, table)
    if len(bars) <= STEPS:
        return _nothing()
    # A day's bar is known when the day ends, at which it is decided on the next one.
    features = [Known(name, bars.column(name), bars.times, bars.times) for name in FEATURES]
    samples = dataset(features, close_ahead(bars), STEPS, stride)
    return (
        samples.inputs.astype(np.float32),
        samples.targets[:, None].astype(np.float32),
        np.full(len(samples.inputs), ticker),
        samples.first,
        samples.decided,
        samples.judged,
    )


def _bars(ticker: str, table: pd.DataFrame) -> Bars:
    if tuple(table.columns) != FEATURES:
        raise DataError(
            f"bars of {ticker}: found the columns {', '.join(map(str, table.columns))}, expected"
            f" {', '.join(FEATURES)}, in this order"
        )
    try:
        return Bars.of(table.index.to_numpy().astype("datetime64[D]"), table.to_numpy())
    except FeatureError as error:
        raise DataError(f"bars of {ticker}: {error}") from None


def _nothing() -> tuple[npt.NDArray[Any], ...]:
    no_days = np.empty(0, "datetime64[D]")
    return (
        np.empty((0, STEPS, len(FEATURES)), np.float32),
        np.empty((0, 1), np.float32),
        np.empty(0, "<U1"),
        no_days,
        no_days,
        no_days,
    )


def split(
    samples: Windows, shares: tuple[float, float] = (0.7, 0.15), purge_days: int = 7
) -> Split:
    """Cut at two days, with `purge_days` calendar days at least between the parts.

    A part's first window *begins* that long after the last target day of the part before, so that
    no bar serves both training and evaluation. `shares` of the samples' days go to train and
    validation, the rest to test.
    """
    days = np.unique(samples.target)
    first, second = (
        days[min(int(len(days) * share), len(days) - 1)] for share in np.cumsum(shares)
    )
    return cut(samples, (first, second), purge_days)


def cut(samples: Windows, days: tuple[np.datetime64, np.datetime64], purge_days: int = 7) -> Split:
    """Cut at two days into train, validation and test; see `split` for the gap between the
    parts."""
    gap = np.timedelta64(purge_days, "D")
    train = samples.target < days[0]
    validation = (samples.first >= days[0] + gap) & (samples.target < days[1])
    test = samples.first >= days[1] + gap
    return Split(samples[train], samples[validation], samples[test])
