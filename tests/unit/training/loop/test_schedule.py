"""The learning rate follows from what is known at a step, without a state of its own."""

import pytest

from training.loop.schedule import plateaus, rate
from training.settings import Schedule, Settings


def test_counts_the_epochs_that_brought_nothing() -> None:
    assert plateaus([], 2) == 0
    assert plateaus([5, 4, 3, 2], 2) == 0
    assert plateaus([5, 6, 6], 2) == 1
    assert plateaus([5, 6, 4, 6, 6, 6, 6], 2) == 2


def test_halves_on_a_plateau_and_never_reaches_zero() -> None:
    settings = Settings(patience=2, learning_rate=0.1)
    assert rate(settings, 0, 100, []) == 0.1
    assert rate(settings, 0, 100, [5, 6]) == 0.05
    assert rate(settings, 0, 100, [5] + [6] * 50) == pytest.approx(0.001)


def test_the_cosine_plan_climbs_and_falls() -> None:
    settings = Settings(schedule=Schedule.COSINE, learning_rate=1e-3, warmup=0.1)
    rates = [rate(settings, step, 100, []) for step in range(100)]
    assert rates.index(max(rates)) == 10
    assert max(rates) == pytest.approx(1e-3)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[0] < 2e-4 > rates[-1] > 0


def test_without_a_schedule_it_stays() -> None:
    settings = Settings(schedule=Schedule.NONE, learning_rate=1e-3)
    assert {rate(settings, step, 100, [1, 2, 3]) for step in range(100)} == {1e-3}
