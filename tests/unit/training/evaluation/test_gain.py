"""A gain over another forecast is one only where its interval says so."""

import numpy as np
import pytest

from training.evaluation.gain import gain_over, lowest_mean

RANDOM = np.random.default_rng(5)
NOISE = RANDOM.normal(0, 1, 400)
DAYS = np.arange(400) // 4


def test_half_the_error_is_a_gain_of_half() -> None:
    gain = gain_over(NOISE / 2, NOISE, DAYS)
    assert (gain.gain, gain.lower, gain.upper) == pytest.approx((0.5, 0.5, 0.5))


def test_equal_forecasts_gain_nothing_for_sure() -> None:
    other = np.random.default_rng(6).normal(0, 1, 400)
    gain = gain_over(NOISE, other, DAYS)
    assert gain.lower < 0 < gain.upper


def test_cases_of_one_day_count_as_one() -> None:
    one_each = gain_over(NOISE, np.roll(NOISE, 1), np.arange(400))
    repeated = gain_over(np.repeat(NOISE, 5), np.repeat(np.roll(NOISE, 1), 5), np.arange(2000) // 5)
    assert (repeated.lower, repeated.upper) == pytest.approx((one_each.lower, one_each.upper))


def test_says_the_same_each_time() -> None:
    assert gain_over(NOISE / 2, np.roll(NOISE, 3), DAYS) == gain_over(
        NOISE / 2, np.roll(NOISE, 3), DAYS
    )


def test_one_day_is_too_few() -> None:
    with pytest.raises(ValueError, match="groups: found 1, expected two or more"):
        gain_over(NOISE, NOISE, np.zeros(400))


def test_the_mean_of_a_single_group_says_nothing() -> None:
    assert lowest_mean(np.ones(9), np.zeros(9)) == -np.inf


def test_cases_that_go_together_leave_the_mean_less_sure() -> None:
    values = np.repeat(np.random.default_rng(1).normal(0.5, 1, 40), 5)
    alone = lowest_mean(values, np.arange(200))
    together = lowest_mean(values, np.repeat(np.arange(40), 5))
    assert together < alone < values.mean()
