"""Widened intervals and confidences, beside the arithmetic of the shipped average."""

import math

import numpy as np
import pytest

from model_builders.features.average import WeightedAverage
from serving.gateway.interval import Interval

# Deviations that the forecast is away from "no change", and the share of a normal below that.
TABLE = [(0.0, 0.5), (0.5, 0.6915), (1.0, 0.8413), (-1.0, 0.8413), (1.645, 0.95), (3.0, 0.99865)]


def of_deviations(moved: float, deviation: float = 0.01) -> Interval:
    """Return a forecast that many deviations from 1, and the 90 % interval around it."""
    middle, half = moved * deviation, 1.6449 * deviation
    return Interval(math.exp(middle), math.exp(middle - half), math.exp(middle + half))


@pytest.mark.parametrize("deviation", [0.001, 0.01, 0.2])
@pytest.mark.parametrize(("moved", "confidence"), TABLE)
def test_the_confidence_is_the_share_on_the_forecast_s_side(
    moved: float, confidence: float, deviation: float
) -> None:
    assert of_deviations(moved, deviation).confidence == pytest.approx(confidence, abs=5e-5)


@pytest.mark.parametrize("moved", [row[0] for row in TABLE])
def test_the_confidence_equals_that_of_the_shipped_step_without_a_text(moved: float) -> None:
    interval = of_deviations(moved)
    text = np.array([[math.nan]])
    bounds = [[interval.low, interval.high]]
    _, expected = WeightedAverage()([[interval.change]], bounds, text, text)
    assert interval.confidence == pytest.approx(float(expected[0, 0]), abs=1e-4)


@pytest.mark.parametrize(("missing", "scale"), [(0, 1.0), (1, 1.4142), (3, 2.0), (8, 3.0)])
def test_missing_bars_widen_both_sides_by_the_root_of_the_horizon(
    missing: int, scale: float
) -> None:
    narrow = Interval(1.01, 0.98, 1.05)
    wide = narrow.widened(missing)
    assert wide.change == narrow.change
    for side in ("low", "high"):
        before = math.log(getattr(narrow, side) / narrow.change)
        assert math.log(getattr(wide, side) / wide.change) == pytest.approx(scale * before, 1e-4)


def test_missing_bars_lower_the_confidence() -> None:
    interval = Interval(1.01, 0.99, 1.03)
    values = [interval.widened(missing).confidence for missing in range(6)]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[5] > 0.1


def test_a_calibrated_factor_is_used_only_for_missing_bars() -> None:
    interval = Interval(1.0, 0.98, 1.02)
    assert interval.widened(0, 1.5) == interval.widened(0)
    assert interval.widened(1, 1.5).low < interval.widened(1).low


@pytest.mark.parametrize(
    "numbers",
    [
        (math.nan, 0.9, 1.1),
        (1.0, math.nan, 1.1),
        (1.0, 0.9, math.inf),
        (0.0, 0.9, 1.1),
        (1.0, -0.1, 1.1),
        (1.0, 1.1, 0.9),
        (1.0, 1.0, 1.0),
    ],
)
def test_numbers_that_are_no_interval_are_told(numbers: tuple[float, float, float]) -> None:
    assert not Interval(*numbers).is_valid
    assert Interval(1.0, 0.9, 1.1).is_valid
