"""The standard features of a share by bar, by name."""

from dataclasses import dataclass

from model_builders.features.bars import Bars, Floats
from model_builders.features.indicators import (
    RATIOS,
    ema,
    log_returns,
    price_ratios,
    rsi,
    sma,
    volatility,
)


@dataclass(frozen=True, slots=True)
class Periods:
    """Over how many bars each indicator looks."""

    rsi: int = 14
    sma: int = 20
    ema: int = 20
    volatility: int = 20

    @property
    def warm_up(self) -> int:
        """How many bars at the beginning have a NaN in some feature."""
        return max(self.rsi, self.sma - 1, self.ema - 1, self.volatility, 1)


STANDARD = Periods()
NAMES = ("log_return", "rsi", "sma", "ema", "volatility", *RATIOS)


def frame(bars: Bars, periods: Periods = STANDARD) -> dict[str, Floats]:
    """All features [n] by NAMES; `streaming.Stream` gives the same for each bar as it comes."""
    close = bars.column("close")
    ratios = price_ratios(bars)
    return {
        "log_return": log_returns(close),
        "rsi": rsi(close, periods.rsi),
        "sma": sma(close, periods.sma),
        "ema": ema(close, periods.ema),
        "volatility": volatility(close, periods.volatility),
        **{name: ratios[:, column] for column, name in enumerate(RATIOS)},
    }
