"""Today's code with a config that an older operator rendered: pins outlive upgrades."""

from typing import Any

import numpy as np
import pytest

from hack.images.local_triton import LocalTriton
from tests.integration.builtin.client import ask, refusal, texts

BARS = np.exp(np.cumsum(np.full((2, 70, 5), 0.01), axis=1))
BARS[:, :, 1:2] *= 1.01
BARS[:, :, 2:3] *= 0.99
AVERAGE = {
    "price": np.array([[0.02]], np.float32),
    "interval": np.array([[0.01, 0.03]], np.float32),
    "score": np.array([[0.5]], np.float32),
    "confidence": np.array([[0.9]], np.float32),
}


@pytest.mark.parametrize(
    ("kind", "today", "inputs"),
    [
        ("ohlcvFeatures", "bars", {"ohlcv": BARS}),
        ("weightedAverage", "average", AVERAGE),
        ("tokenizer", "words", {"text": texts("Shares rise.", "They fall")}),
    ],
)
def test_it_answers_as_with_a_config_of_today(
    triton: LocalTriton, kind: str, today: str, inputs: dict[str, Any]
) -> None:
    answer, same = ask(triton, f"first_{kind}", inputs), ask(triton, today, inputs)

    assert answer
    for name, values in answer.items():
        np.testing.assert_array_equal(values, same[name], err_msg=name)


def test_bars_that_cannot_be_read_are_refused(triton: LocalTriton) -> None:
    given = BARS.copy()
    given[1, 5, 0] = np.nan

    assert refusal(triton, "first_ohlcvFeatures", {"ohlcv": given}).startswith(
        "NotFinite: ohlcv[1]"
    )


def test_a_standstill_of_any_length_is_answered_as_it_was(triton: LocalTriton) -> None:
    given = np.repeat(BARS[:, :1], 5_000, axis=1)

    answer = ask(triton, "first_ohlcvFeatures", {"ohlcv": given}, ("log_return",))

    np.testing.assert_array_equal(answer["log_return"], [[0], [0]])
