"""Made-up shares as tables of bars."""

import numpy as np
import pandas as pd


def share(days: int, seed: int = 1) -> pd.DataFrame:
    """Return a made-up share: every number is different, so that it can be found again."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, days)))
    columns = {"open": close * 0.99, "high": close * 1.02, "low": close * 0.97, "close": close}
    index = pd.bdate_range("2001-01-01", periods=days, name="date")
    return pd.DataFrame({**columns, "volume": 1e6 + np.arange(days)}, index=index)
