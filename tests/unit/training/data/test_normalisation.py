"""What a model computes in torch is what features compute in numpy, and so serving is training."""

import numpy as np
import pytest
import torch

from model_builders.features.bars import Floats
from model_builders.features.indicators import volatility
from model_builders.features.windows import PRICE_SCALE, STEPS, normalised
from training.data.prices import Windows, load_prices, windows
from training.models.price import COLUMNS as MODEL_COLUMNS
from training.models.price import STEPS as MODEL_STEPS
from training.models.price import PricePredictor


@pytest.fixture(scope="module")
def real() -> Windows:
    return windows(load_prices().bars, stride=50)


@pytest.fixture(scope="module")
def model() -> PricePredictor:
    return PricePredictor(features=1)


def test_models_and_features_agree_on_a_window(model: PricePredictor) -> None:
    assert (MODEL_STEPS, MODEL_COLUMNS) == (STEPS, 5)
    assert model.price_scale == PRICE_SCALE


def test_models_normalise_real_windows_as_features_do(model: PricePredictor, real: Windows) -> None:
    actual = model.normalised(torch.from_numpy(real.inputs)).numpy()
    np.testing.assert_allclose(actual, normalised(real.inputs), atol=5e-6)


def test_models_normalise_days_without_trade_as_features_do(
    model: PricePredictor, real: Windows
) -> None:
    quiet = real.inputs[:8].copy()
    quiet[:4, ::2, 4] = 0
    quiet[4:, :, 4] = 0
    actual = model.normalised(torch.from_numpy(quiet)).numpy()
    np.testing.assert_allclose(actual, normalised(quiet), atol=5e-6)


def test_models_measure_volatility_as_features_do(model: PricePredictor, real: Windows) -> None:
    returns = STEPS - 1
    sample: Floats = np.array([volatility(window[:, 3], returns)[-1] for window in real.inputs])
    whole = sample * np.sqrt((returns - 1) / returns)  # of the window, which is all there is
    actual = model.volatility(torch.from_numpy(real.inputs)).numpy()[:, 0]
    np.testing.assert_allclose(actual, whole, rtol=1e-3)
