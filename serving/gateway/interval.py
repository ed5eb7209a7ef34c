"""Intervals of a price forecast that widen with missing bars, and the confidence they mean."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from serving.client.forecasts import confidence_of

_STANDARD = NormalDist()
_SUREST = 1 - 1e-12


def widening(missing_bars: int, factor: float = 1.0) -> float:
    """Return by how much missing bars widen an interval.

    >>> widening(0, 1.2), widening(3), widening(3, 1.2)
    (1.0, 2.0, 2.4)
    """
    return math.sqrt(1 + missing_bars) * factor if missing_bars else 1.0


def less_confident(confidence: float, missing_bars: int, factor: float = 1.0) -> float:
    """Return the confidence of a forecast, known without its interval, that missing bars widen.

    >>> round(less_confident(0.8413447, 3), 4)
    0.6915
    >>> less_confident(0.7, 0)
    0.7
    """
    if not missing_bars:
        return confidence
    deviations = _STANDARD.inv_cdf(min(max(confidence, 0.5), _SUREST))
    return _STANDARD.cdf(deviations / widening(missing_bars, factor))


@dataclass(frozen=True, slots=True)
class Interval:
    """A forecast of the next close and its 90 % interval, all divided by the newest close."""

    change: float
    low: float
    high: float

    @property
    def is_valid(self) -> bool:
        """Return whether all three are numbers above 0, and the bounds are in order."""
        numbers = (self.change, self.low, self.high)
        return all(math.isfinite(value) and value > 0 for value in numbers) and self.low < self.high

    def widened(self, missing_bars: int, factor: float = 1.0) -> "Interval":
        """Return the interval for a forecast that is `missing_bars` further away.

        A forecast over 1 + k bars has sqrt(1 + k) times the deviation of log returns. `factor`
        corrects that where a model was measured and it is off.

        >>> wide = Interval(1.0, 0.98, 1 / 0.98).widened(3)
        >>> round(wide.low, 6), round(wide.high * wide.low, 6)
        (0.9604, 1.0)
        """
        scale = widening(missing_bars, factor)
        middle = math.log(self.change)
        low = middle - (middle - math.log(self.low)) * scale
        high = middle + (math.log(self.high) - middle) * scale
        return Interval(self.change, math.exp(low), math.exp(high))

    @property
    def confidence(self) -> float:
        """Return the probability, 0.5 to 1, that the close moves in the forecast's direction.

        >>> Interval(1.0, 0.9, 1.1).confidence
        0.5
        """
        return confidence_of(self.change, self.low, self.high)
