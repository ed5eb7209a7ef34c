"""Windows that cannot be learnt from are refused by their name."""

import numpy as np
import pytest

from tests.unit.training.windows import samples
from training.data.prices import Split, Windows
from training.loop import SamplesError, fit
from training.price_task import price_samples, price_task
from training.settings import Settings

LSTM = "lstm_price_predictor"


def test_the_input_is_named_as_the_model_takes_it() -> None:
    named = price_samples(samples(4))
    assert {name: tuple(value.shape) for name, value in named.inputs.items()} == {
        "ohlcv": (4, 60, 5)
    }


@pytest.mark.parametrize("shape", [(60, 4), (59, 5), (60,)], ids=str)
def test_wrong_columns_or_steps_are_refused(shape: tuple[int, ...]) -> None:
    right = samples(3)
    inputs = np.ones((3, *shape), np.float32)
    wrong = Windows(inputs, right.targets, right.tickers, right.first, right.last, right.target)
    with pytest.raises(
        SamplesError, match=r"found the shape .*expected \[n, 60, 5\] of open, high"
    ):
        price_samples(wrong)


def test_a_window_that_is_not_a_number_is_named_by_ticker_and_day() -> None:
    parts = Split(samples(8), samples(4), samples(4))
    parts.train.inputs[5, 59, 4] = np.nan
    with pytest.raises(SamplesError) as refused:
        fit(price_task(LSTM, parts), Settings(epochs=1))
    assert str(refused.value).startswith(
        "train.ohlcv: found nan in sample 5 (X, until 2001-01-06) at [59, 4]"
    )
