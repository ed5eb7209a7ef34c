"""Windows see nothing of the day that they are judged by, and the parts share no day."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tests.unit.training.data.shares import share
from training.data.failure import DataError
from training.data.prices import STEPS, Prices, adjusted, load_prices, split, windows


@pytest.fixture(scope="module")
def prices() -> Prices:
    return load_prices()


def test_the_real_data_are_the_known_ones(prices: Prices) -> None:
    assert {ticker: len(bars) for ticker, bars in prices.bars.items()} == {
        "AAPL": 3270,
        "FB": 196,
        "GOOG": 2148,
        "IBM": 3270,
        "MSFT": 3270,
    }
    assert prices.sha256 == "5abadf99b2d394f920120a27de6f0df129859d71d4cfb0bf661bcc99446ab1fd"


def test_a_share_split_is_no_fall_in_price(prices: Prices) -> None:
    close = prices.bars["AAPL"]["close"]
    assert close.pct_change().loc["2005-02-28"] > -0.05  # two for one on this day


def test_bars_are_on_the_scale_of_the_adjusted_close() -> None:
    rows = pd.DataFrame(
        {
            "date": pd.to_datetime(["2001-01-03", "2001-01-02"]),
            "open": [20.0, 9.0],
            "high": [24.0, 11.0],
            "low": [18.0, 8.0],
            "close": [20.0, 10.0],
            "volume": [100, 300],
            "adj_close": [10.0, 10.0],
        }
    )
    bars = adjusted(rows, "X")
    assert list(bars.index.day) == [2, 3]
    assert bars.loc["2001-01-03"].tolist() == [10.0, 12.0, 9.0, 10.0, 200.0]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("open", 0.0, "found open 0.0 on 2001-01-02, expected a price above 0"),
        ("close", np.nan, "found close nan on 2001-01-02, expected a price above 0"),
        ("adj_close", -1.0, "found adj_close -1.0 on 2001-01-02, expected a price above 0"),
        ("volume", np.nan, "found volume nan on 2001-01-02, expected a number"),
    ],
)
def test_a_bar_without_a_price_is_named_and_not_left_out(
    column: str, value: float, message: str
) -> None:
    rows = share(3).assign(adj_close=1.0).reset_index()
    rows.loc[1, column] = value
    with pytest.raises(DataError, match=f"bars of X: {message}; drop that bar"):
        adjusted(rows, "X")


def test_a_window_is_60_bars_and_its_target_the_next_close() -> None:
    bars = share(100)
    samples = windows({"X": bars})
    assert samples.inputs.shape == (100 - STEPS, STEPS, 5)
    assert samples.targets.shape == (100 - STEPS, 1)
    assert np.allclose(samples.inputs[7], bars.iloc[7:67].to_numpy())
    assert np.isclose(samples.targets[7, 0], bars["close"].iloc[67] / bars["close"].iloc[66])
    assert samples.first[7] == bars.index[7].to_datetime64()
    assert samples.last[7] == bars.index[66].to_datetime64()
    assert samples.target[7] == bars.index[67].to_datetime64()


@pytest.mark.parametrize("changed", [STEPS, STEPS + 5, 99])
def test_no_window_sees_its_target_or_later(changed: int) -> None:
    bars, other = share(100), share(100)
    other.iloc[changed:] *= 3
    before, after = windows({"X": bars}), windows({"X": other})
    untouched = before.last < bars.index[changed].to_datetime64()
    assert untouched.sum() == changed - STEPS + 1 if changed < 99 else untouched.sum() == 40
    assert np.array_equal(before.inputs[untouched], after.inputs[untouched])


def test_windows_never_mix_shares() -> None:
    samples = windows({"A": share(80, 1), "B": share(90, 2), "tiny": share(STEPS)})
    assert [int((samples.tickers == name).sum()) for name in ("A", "B", "tiny")] == [20, 30, 0]
    first = samples[samples.tickers == "B"]
    assert np.array_equal(first.inputs, windows({"B": share(90, 2)}).inputs)


def test_a_stride_takes_every_nth_window() -> None:
    every, third = windows({"X": share(100)}), windows({"X": share(100)}, stride=3)
    assert np.array_equal(third.inputs, every.inputs[::3])


@pytest.mark.parametrize("purge_days", [1, 7, 30])
def test_the_parts_are_in_order_with_a_gap_and_no_day_in_common(purge_days: int) -> None:
    parts = split(windows({"A": share(900, 1), "B": share(700, 2)}), purge_days=purge_days)
    gap = np.timedelta64(purge_days, "D")
    assert min(len(parts.train), len(parts.validation), len(parts.test)) > 20
    assert parts.train.target.max() + gap <= parts.validation.first.min()
    assert parts.validation.target.max() + gap <= parts.test.first.min()


def test_the_real_split_has_all_three_parts(prices: Prices) -> None:
    parts = split(windows(prices.bars, stride=4))
    sizes = [len(parts.train), len(parts.validation), len(parts.test)]
    assert sizes == [2135, 333, 366]


def without_volume(bars: pd.DataFrame) -> pd.DataFrame:
    return bars.drop(columns="volume")


def with_columns_swapped(bars: pd.DataFrame) -> pd.DataFrame:
    return bars[["close", "open", "high", "low", "volume"]]


def with_nan(bars: pd.DataFrame) -> pd.DataFrame:
    bars.iloc[70, 3] = np.nan
    return bars


def with_a_day_twice(bars: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([bars.iloc[:50], bars.iloc[49:]])


def out_of_order(bars: pd.DataFrame) -> pd.DataFrame:
    return bars.iloc[::-1]


BAD = {
    "no volume": (without_volume, "found the columns open, high, low, close, expected open, high"),
    "swapped": (with_columns_swapped, "found the columns close, open, high, low, volume, expected"),
    "nan": (with_nan, "NotFinite: bars.close: row 70 .* is nan, expected a number"),
    "a day twice": (with_a_day_twice, "DuplicateTime: bars.times: row 50"),
    "out of order": (out_of_order, "OutOfOrder: bars.times: row 1"),
}


@pytest.mark.parametrize(("spoil", "words"), BAD.values(), ids=BAD)
def test_bad_bars_are_refused_with_their_share(
    spoil: Callable[[pd.DataFrame], pd.DataFrame], words: str
) -> None:
    with pytest.raises(DataError, match=f"^bars of BAD: {words}"):
        windows({"GOOD": share(100), "BAD": spoil(share(100))})


def test_no_shares_have_no_windows() -> None:
    with pytest.raises(DataError, match="found no share"):
        windows({})


def test_shares_of_too_few_bars_have_none() -> None:
    samples = windows({"tiny": share(STEPS), "none": share(0)})
    assert (len(samples), samples.inputs.shape) == (0, (0, STEPS, 5))
