"""The model learns the same each time, and the report tells how well."""

import json

import numpy as np
import pytest
import torch

from training.data.prices import STEPS, Split, Windows
from training.fitting import Fitted, Settings, fit, predict
from training.reporting import errors, report, verdict


def samples(count: int, seed: int = 3) -> Windows:
    random = np.random.default_rng(seed)
    inputs = random.uniform(90, 110, (count, STEPS, 5)).astype(np.float32)
    inputs[:, :, 4] *= 1e5
    days = np.datetime64("2001-01-01") + np.arange(count)
    targets = random.normal(1, 0.02, (count, 1)).astype(np.float32)
    return Windows(inputs, targets, np.full(count, "X"), days - STEPS, days, days + 1)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def parts() -> Split:
    return Split(samples(96, 1), samples(24, 2), samples(24, 3))


@pytest.fixture(scope="module")
def fitted(parts: Split) -> Fitted:
    return fit(parts, Settings(epochs=2, batch=32))


def test_the_same_seed_gives_the_same_weights(parts: Split, fitted: Fitted) -> None:
    again = fit(parts, Settings(epochs=2, batch=32))
    for name, weight in fitted.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name]), name


def test_another_seed_gives_others(parts: Split, fitted: Fitted) -> None:
    other = fit(parts, Settings(epochs=1, batch=32, seed=8))
    assert not torch.equal(other.model.head.weight, fitted.model.head.weight)


def test_stops_when_validation_gets_no_better(parts: Split) -> None:
    lines: list[str] = []
    found = fit(parts, Settings(epochs=50, patience=1, batch=32, learning_rate=0.05), lines.append)
    assert len(found.epochs) == found.best + 1 < 50
    assert lines[-1] == "stopping: no better for 1 epochs"


def test_keeps_the_weights_of_the_best_epoch(parts: Split) -> None:
    found = fit(parts, Settings(epochs=4, patience=4, batch=32, learning_rate=0.05))
    best = min(found.epochs, key=lambda epoch: epoch.validation)
    off = predict(found.model, parts.validation) - torch.from_numpy(parts.validation.targets)
    assert found.best == best.number
    assert float((off**2).mean() * 1e4) == pytest.approx(best.validation)


def test_the_report_names_data_days_and_both_forecasts(parts: Split, fitted: Fitted) -> None:
    found = report(fitted, parts, "a" * 64)
    assert found["data"]["sha256"] == "a" * 64
    assert found["split"]["test"]["samples"] == 24
    assert found["test"]["naive"]["directionRight"] is None
    assert found["test"]["model"]["rootMeanSquareError"] > 0
    assert found["verdict"].startswith(("better", "no better"))
    json.dumps(found)


def test_the_verdict_is_honest() -> None:
    naive = {"rootMeanSquareError": 0.0200}
    assert verdict({"rootMeanSquareError": 0.0150}, naive).startswith("better than naive by 25.0 %")
    assert verdict({"rootMeanSquareError": 0.0199}, naive).startswith(
        "no better than naive (+0.5 %"
    )
    assert verdict({"rootMeanSquareError": 0.0250}, naive).startswith("no better than naive (-25")


def test_errors_are_of_the_relative_close() -> None:
    judged = samples(4)
    perfect = errors(judged.targets, judged)
    assert (perfect["meanAbsoluteError"], perfect["directionRight"]) == (0, 1)
