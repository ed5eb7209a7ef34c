"""The standard features of a share, by bar and by name."""

from collections.abc import Callable, Mapping, Sequence
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
    """The number of bars of each indicator."""

    rsi: int = 14
    sma: int = 20
    ema: int = 20
    volatility: int = 20

    @property
    def warm_up(self) -> int:
        """Return the number of first bars in which a feature is NaN."""
        return max(self.rsi, self.sma - 1, self.ema - 1, self.volatility, 1)


STANDARD = Periods()
_INDICATORS: Mapping[str, Callable[[Bars, Periods], Floats]] = {
    "log_return": lambda bars, _: log_returns(bars.column("close")),
    "rsi": lambda bars, periods: rsi(bars.column("close"), periods.rsi),
    "sma": lambda bars, periods: sma(bars.column("close"), periods.sma),
    "ema": lambda bars, periods: ema(bars.column("close"), periods.ema),
    "volatility": lambda bars, periods: volatility(bars.column("close"), periods.volatility),
}
NAMES = (*_INDICATORS, *RATIOS)


def frame(
    bars: Bars, periods: Periods = STANDARD, names: Sequence[str] = NAMES
) -> dict[str, Floats]:
    """Return the features [n] of these names; `streaming.Stream` has the same bar by bar.

    Return all features if no names are given.
    """
    features = {name: make(bars, periods) for name, make in _INDICATORS.items() if name in names}
    if any(name in names for name in RATIOS):
        ratios = price_ratios(bars)
        features |= {name: ratios[:, at] for at, name in enumerate(RATIOS) if name in names}
    return features
