"""Bars that lag lose their newest rows and nothing else; factors widen what held too little."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.coverage.lags import CLAIMED, factor_for, hits, lagging

DAYS = pd.bdate_range("2026-01-01", periods=120)
SINCE, UNTIL = np.datetime64("2026-01-01"), np.datetime64("2026-06-30")


def table(seed: int = 1, deviation: float = 0.01) -> pd.DataFrame:
    """Bars of a random walk."""
    moves = np.random.default_rng(seed).normal(0, deviation, len(DAYS))
    close = 100 * np.exp(np.cumsum(moves))
    columns = {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close}
    return pd.DataFrame({**columns, "volume": 1e6}, index=DAYS)


@pytest.mark.parametrize("lag", [0, 1, 5])
def test_the_truth_is_the_close_of_the_bar_that_a_client_asks_for(lag: int) -> None:
    bars = table()
    samples = lagging({"A": bars}, lag, SINCE, UNTIL)
    close = bars["close"].to_numpy()
    assert samples.windows.shape == (len(DAYS) - 60 - lag, 60, 5)
    assert samples.windows[7, -1, 3] == pytest.approx(close[66])
    assert samples.truth[7] == pytest.approx(close[67 + lag] / close[66])


def test_only_windows_within_the_span_are_judged() -> None:
    begin, end = DAYS[20].to_datetime64(), DAYS[100].to_datetime64()
    samples = lagging({"A": table(), "B": table(2)}, 2, begin, end)
    # Days 20 to 79 are the first window, judged on day 82.
    assert len(samples.windows) == 2 * (100 - 82 + 1)


def forecasts(lag: int, narrow: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return truths of a random walk, and intervals `narrow` times as wide as they should be."""
    random = np.random.default_rng(3)
    truth = np.exp(random.normal(0, 0.01 * np.sqrt(1 + lag), 4000))
    half = 1.6449 * 0.01 * narrow
    return truth, np.ones(4000), np.exp(np.tile([-half, half], (4000, 1)))


@pytest.mark.parametrize("lag", [0, 1, 3, 5])
def test_a_random_walk_is_held_as_claimed_by_the_gateway_s_rule(lag: int) -> None:
    truth, change, bounds = forecasts(lag)
    assert hits(truth, change, bounds, lag) / 4000 == pytest.approx(CLAIMED, abs=0.01)
    assert factor_for(truth, change, bounds, lag) == pytest.approx(1, abs=0.03)
    if lag:
        assert hits(truth, change, bounds, 0) / 4000 < 0.8


def test_intervals_that_are_too_narrow_get_a_factor_that_corrects_them() -> None:
    truth, change, bounds = forecasts(3, narrow=0.8)
    assert hits(truth, change, bounds, 3) / 4000 < CLAIMED - 0.05
    factor = factor_for(truth, change, bounds, 3)
    assert factor == pytest.approx(1.25, abs=0.03)
    assert hits(truth, change, bounds, 3, factor) / 4000 == pytest.approx(CLAIMED, abs=0.005)
