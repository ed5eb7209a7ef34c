"""A price predictor is judged beside what anybody could have said, and told so in plain words."""

import json

import numpy as np
import pytest

from tests.unit.training.windows import samples
from training.evaluation.baselines import baselines, majority
from training.evaluation.prices import Forecast, direction, errors, held, judge, verdict

LEARNT, JUDGED = samples(300, 1), samples(300, 2)
TRUE = JUDGED.targets[:, 0].astype(np.float64)
MOVED = TRUE - 1
NOISE = np.random.default_rng(9).normal(0, 0.02, 300)
# Noise that has nothing in common with what happened, and a trace of luck.
LUCKY = 1 + 0.05 * (NOISE - MOVED * (NOISE @ MOVED) / (MOVED @ MOVED)) + 0.003 * MOVED


def told(close: np.ndarray) -> str:
    return verdict(judge(Forecast(close), LEARNT, JUDGED))


def test_a_forecast_that_knows_is_called_better() -> None:
    words = told(1 + (TRUE - 1) * 0.5)
    assert words.startswith("better than naive: +50.0%")
    assert words.endswith("better than chance and habit.")


def test_a_forecast_that_says_nothing_is_called_no_better() -> None:
    words = told(LUCKY)
    assert words.startswith("no better than naive")
    assert "random walk" in words
    assert words.endswith("no evidence of skill.")


def test_a_forecast_of_noise_is_called_worse() -> None:
    assert told(1 + NOISE).startswith("worse than naive")


def test_a_small_gain_by_luck_is_not_called_better() -> None:
    judged = judge(Forecast(LUCKY), LEARNT, JUDGED)
    assert judged.gain.lower < 0 < judged.gain.gain
    assert verdict(judged).startswith(f"no better than naive: {judged.gain}")


@pytest.mark.parametrize(("shares", "ends"), [(1, "habit."), (5, "no evidence of skill.")])
def test_five_shares_that_move_as_one_are_one_case(shares: int, ends: str) -> None:
    days = 200 // shares
    judged = samples(200, 2)
    judged.target[:] = np.repeat(judged.target[:days], shares)
    rises = np.repeat(np.arange(days) % 2 == 0, shares)
    judged.targets[:, 0] = np.where(rises, 1.01, 0.99)
    right = np.repeat(np.arange(days) % 20 < 12, shares)
    close = np.where(right == rises, 1.001, 0.999)
    judgement = judge(Forecast(close), LEARNT, judged)
    assert judgement.direction["model"].share == pytest.approx(0.6)
    assert judgement.direction["model"].lower > 0.5, "as if each share were a case"
    assert verdict(judgement).endswith(ends)


def test_errors_are_of_the_relative_close() -> None:
    measured = errors(np.array([1.01, 0.98]), np.array([1.0, 1.0]))
    assert measured["meanAbsoluteError"] == pytest.approx(0.015)
    assert measured["rootMeanSquareError"] == pytest.approx(np.sqrt(2.5e-4))


def test_days_that_did_not_move_have_no_direction() -> None:
    share = direction(np.array([1, -1, 1, 0]), np.array([1.1, 1.1, 1.0, 0.9]))
    assert (share.hits, share.cases) == (1, 2)


def test_bounds_count_what_they_hold() -> None:
    bounds = np.array([[0.9, 1.1], [0.9, 1.1], [1.0, 1.2]])
    assert held(bounds, np.array([1.0, 1.2, 1.0])).share == pytest.approx(2 / 3)


def test_baselines_say_what_they_are_called() -> None:
    forecasts = baselines(LEARNT, JUDGED)
    closes = JUDGED.inputs[4, :, 3].astype(np.float64)
    assert forecasts["tomorrowIsToday"][4] == 1
    assert forecasts["movingAverage5"][4] == pytest.approx(closes[-5:].mean() / closes[-1])
    assert forecasts["movingAverage20"][4] == pytest.approx(closes[-20:].mean() / closes[-1])
    assert forecasts["meanOfTrain"][4] == pytest.approx(LEARNT.targets.mean(), abs=1e-6)


def test_no_baseline_knows_what_is_judged() -> None:
    other = samples(300, 2)
    other.targets[:] = 2.0
    for name, values in baselines(LEARNT, JUDGED).items():
        assert np.array_equal(values, baselines(LEARNT, other)[name]), name


def test_the_usual_direction_is_that_of_the_train_days() -> None:
    fallen = samples(9)
    fallen.targets[:] = [[0.9]] * 5 + [[1.1]] * 4
    assert majority(fallen) == -1


def test_what_is_judged_can_be_written_as_json() -> None:
    bounds = np.stack([TRUE - 0.01, TRUE + 0.01], axis=1)
    document = judge(Forecast(TRUE, bounds), LEARNT, JUDGED).as_dict()
    assert json.loads(json.dumps(document))["interval"]["share"] == 1
