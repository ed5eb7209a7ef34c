"""Made-up shares: possible bars, drawn by a seed or by hypothesis."""

import numpy as np
from hypothesis import strategies as st

from model_builders.features.bars import Bars, Floats


def share(days: int, seed: int = 1) -> Bars:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, days)))
    return bars_of(
        close, 1 + random.normal(0, 0.005, days), random.integers(0, 10**6, days).astype(float)
    )


def bars_of(close: Floats, opened: Floats, volume: Floats) -> Bars:
    """Return bars of consecutive days; `opened` is a share of the close."""
    prices = np.column_stack([close * opened, close])
    high, low = prices.max(axis=1) * 1.01, prices.min(axis=1) * 0.98
    days = np.datetime64("2001-01-01") + np.arange(len(close))
    return Bars.of(days, np.column_stack([prices[:, 0], high, low, close, volume]))


@st.composite
def any_bars(draw: st.DrawFn, least: int = 1, most: int = 60) -> Bars:
    """Draw any possible bars: any prices, constant ones, and days without trade."""
    count = draw(st.integers(least, most))
    price = st.floats(1e-4, 1e6) | st.sampled_from([1.0, 100.0])
    close = draw(st.lists(price, min_size=count, max_size=count))
    opened = draw(st.lists(st.floats(0.5, 2), min_size=count, max_size=count))
    volume = draw(st.lists(st.floats(0, 1e12) | st.just(0.0), min_size=count, max_size=count))
    return bars_of(np.array(close), np.array(opened), np.array(volume))
