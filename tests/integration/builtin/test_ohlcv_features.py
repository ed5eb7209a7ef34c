"""Served features are those of training, to the rounding of float32."""

from typing import Any

import numpy as np
import pytest

from hack.images.local_triton import LocalTriton
from model_builders.features.bars import Bars
from model_builders.features.frame import NAMES, STANDARD, Periods, frame
from model_builders.features.windows import normalised
from tests.integration.builtin.client import ask, ask_at_once, executions, refusal
from training.data.prices import load_prices

FAST = Periods(rsi=3, sma=4, ema=6, volatility=2)


@pytest.fixture(scope="module")
def real() -> Any:
    """Return windows of 120 real bars [8, 120, 5], of every share."""
    shares = list(load_prices().bars.values())
    runs = [bars.to_numpy()[at:][:120] for bars in shares for at in (0, len(bars) - 120)]
    return np.array(runs[:8], np.float64)


def expected(rows: Any, steps: int = 60, periods: Periods = STANDARD) -> dict[str, Any]:
    """Compute the same with the features."""
    numbered = [np.datetime64("2001-01-01") + np.arange(len(row)) for row in rows]
    frames = [frame(Bars.of(t, row), periods) for t, row in zip(numbered, rows, strict=True)]
    newest = rows[:, -steps:]
    outputs = {"window": newest.astype(np.float32), "normalised": normalised(newest)}
    outputs |= {name: np.array([[each[name][-1]] for each in frames], np.float32) for name in NAMES}
    return outputs | {"problem": np.array([[b""]] * len(rows), np.object_)}


def assert_equal(answer: dict[str, Any], features: dict[str, Any]) -> None:
    assert answer.keys() == features.keys()
    for name, values in features.items():
        assert answer[name].dtype == (np.object_ if name == "problem" else np.float32)
        np.testing.assert_array_equal(answer[name], values, err_msg=name)


@pytest.mark.parametrize("count", [1, 8])
def test_real_bars_have_the_features_of_training(
    triton: LocalTriton, real: Any, count: int
) -> None:
    assert_equal(ask(triton, "bars", {"ohlcv": real[:count]}), expected(real[:count]))


def test_a_step_has_its_own_periods_and_window(triton: LocalTriton, real: Any) -> None:
    answer = ask(triton, "fast_bars", {"ohlcv": real[:, :9]})
    assert_equal(answer, expected(real[:, :9], 5, FAST))


def test_bars_without_a_batch_are_answered_without_one(triton: LocalTriton, real: Any) -> None:
    answer = ask(triton, "single_bars", {"ohlcv": real[0]})
    assert_equal(answer, {name: values[0] for name, values in expected(real[:1]).items()})


@pytest.mark.parametrize("outputs", [("window",), ("normalised", "rsi"), ("close_to_previous",)])
def test_only_outputs_that_are_asked_for_are_answered(
    triton: LocalTriton, real: Any, outputs: tuple[str, ...]
) -> None:
    every = expected(real)
    answer = ask(triton, "bars", {"ohlcv": real}, outputs)
    assert_equal(answer, {name: every[name] for name in outputs})


def test_an_indicator_that_warms_up_is_nan_and_never_a_guess(
    triton: LocalTriton, real: Any
) -> None:
    answer = ask(triton, "bars", {"ohlcv": real[:, :10]}, ("rsi", "log_return"))
    assert np.isnan(answer["rsi"]).all()
    assert np.isfinite(answer["log_return"]).all()


def test_requests_that_come_at_once_are_answered_as_if_alone(
    triton: LocalTriton, real: Any
) -> None:
    requests = [{"ohlcv": real[n : n + 1, -80:]} for n in range(8)]
    before = executions(triton, "bars")
    answers = ask_at_once(triton, "bars", requests)
    assert executions(triton, "bars") - before < len(requests)
    for request, answer in zip(requests, answers, strict=True):
        assert isinstance(answer, dict), answer
        assert_equal(answer, expected(request["ohlcv"]))


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        ((0, 5, 3), np.nan, "NotFinite: ohlcv[0].close: row 5 is nan, expected a number"),
        ((0, 0, 0), 0.0, "PriceNotPositive: ohlcv[0].open: row 0 is 0, expected more than 0"),
        ((0, 7, 4), -1.0, "NegativeVolume: ohlcv[0].volume: row 7 is -1, expected 0 or more"),
        ((0, 9, 1), 1e-3, "ImpossibleBar: ohlcv[0].high: row 9 is 0.001, expected the highest"),
    ],
)
def test_a_bad_bar_is_refused_alone(
    triton: LocalTriton, real: Any, at: tuple[int, ...], value: float, message: str
) -> None:
    bad = real[:1].copy()
    bad[at] = value
    good = [{"ohlcv": real[n : n + 1]} for n in range(1, 7)]
    before = executions(triton, "bars")
    refused, *answers = ask_at_once(triton, "bars", [{"ohlcv": bad}, *good])
    assert executions(triton, "bars") - before < 7
    assert isinstance(refused, str)
    assert refused.startswith(message)
    for request, answer in zip(good, answers, strict=True):
        assert isinstance(answer, dict), answer
        assert_equal(answer, expected(request["ohlcv"]))


def test_a_bad_bar_of_a_batch_is_named_with_its_row(triton: LocalTriton, real: Any) -> None:
    bad = real.copy()
    bad[3, 5, 3] = np.inf
    message = refusal(triton, "bars", {"ohlcv": bad})
    assert message.startswith("NotFinite: ohlcv[3].close: row 5 is inf, expected a number")


@pytest.mark.parametrize(
    ("bars", "message"),
    [(10, "TooShort: ohlcv: found 10 bars, expected 60 or more for a window; send more bars")],
)
def test_too_few_bars_are_refused(triton: LocalTriton, real: Any, bars: int, message: str) -> None:
    assert refusal(triton, "bars", {"ohlcv": real[:, :bars]}).startswith(message)


def test_a_number_that_float32_cannot_hold_is_refused(triton: LocalTriton, real: Any) -> None:
    huge = real[:2].copy()
    huge[1, 119, 4] = 1e300
    message = refusal(triton, "bars", {"ohlcv": huge})
    assert message.startswith("OutOfRange: ohlcv[1].volume: row 119 is 1e+300, expected a price")


def test_a_row_that_cannot_be_read_is_answered_with_nan_where_the_step_says_so(
    triton: LocalTriton, real: Any
) -> None:
    bad = real.copy()
    bad[3, 5, 3] = np.inf
    bad[6, 119, 4] = 1e300
    bad[7] *= 1e-48
    answer, good = ask(triton, "any_bars", {"ohlcv": bad}), expected(real)
    messages = [text.decode() for text in answer.pop("problem")[:, 0]]
    assert messages[3].startswith("NotFinite: ohlcv.close: row 5 is inf, expected a number")
    assert messages[6].startswith("OutOfRange: ohlcv.volume: row 119 is 1e+300, expected a price")
    assert messages[7].startswith("OutOfRange: ohlcv.open: row 0 is ")
    assert [row for row, text in enumerate(messages) if text] == [3, 6, 7]
    for name, values in answer.items():
        assert np.isnan(values[[3, 6, 7]]).all()
        rest = [0, 1, 2, 4, 5]
        np.testing.assert_array_equal(values[rest], good[name][rest], err_msg=name)


@pytest.mark.parametrize("bars", [0, 10])
def test_too_few_bars_are_answered_with_nan_where_the_step_says_so(
    triton: LocalTriton, real: Any, bars: int
) -> None:
    answer = ask(triton, "any_bars", {"ohlcv": real[:2, :bars]}, ("window", "rsi", "problem"))
    assert answer["window"].shape == (2, 60, 5)
    assert np.isnan(answer["window"]).all()
    assert np.isnan(answer["rsi"]).all()
    for text in answer["problem"][:, 0]:
        assert text.startswith(b"TooShort: ohlcv: found %d bars, expected 60 or more" % bars)


def test_problems_are_said_to_the_request_that_has_them(triton: LocalTriton, real: Any) -> None:
    rows = [real[n : n + 2].copy() for n in range(6)]
    for n in range(0, 6, 2):
        rows[n][1, n, 0] = -n - 1
    answers = ask_at_once(triton, "any_bars", [{"ohlcv": row} for row in rows])
    for n, answer in enumerate(answers):
        assert isinstance(answer, dict), answer
        first, second = answer["problem"][:, 0]
        assert first == b""
        expected = f"PriceNotPositive: ohlcv.open: row {n} is {-n - 1}, " if n % 2 == 0 else ""
        assert second.decode().startswith(expected)
        assert bool(second) == (n % 2 == 0)


def stopped(rows: Any, count: int) -> Any:
    """Repeat the last bar `count` times, as a feed that stopped."""
    return np.concatenate([rows[:, :-count], np.repeat(rows[:, -count : -count + 1], count, 1)], 1)


def test_a_window_in_which_the_close_never_moves_is_refused_alone(
    triton: LocalTriton, real: Any
) -> None:
    requests = [{"ohlcv": stopped(real[:1], 60)}, *({"ohlcv": real[n : n + 1]} for n in (1, 2, 3))]
    refused, *answers = ask_at_once(triton, "bars", requests)
    assert isinstance(refused, str)
    close = f"{requests[0]['ohlcv'][0, -1, 3]:g}"
    assert refused.startswith(
        f"StandsStill: ohlcv[0].close: the newest 60 bars are all {close}, expected at most 59"
    )
    for request, answer in zip(requests[1:], answers, strict=True):
        assert isinstance(answer, dict), answer
        assert_equal(answer, expected(request["ohlcv"]))


def test_bars_that_stand_still_are_nan_where_the_step_says_so(
    triton: LocalTriton, real: Any
) -> None:
    given = real.copy()
    given[2] = stopped(given[2:3], 75)[0]
    answer, good = ask(triton, "any_bars", {"ohlcv": given}), expected(real)
    messages = [text.decode() for text in answer.pop("problem")[:, 0]]
    assert messages[2].startswith("StandsStill: ohlcv.close: the newest 75 bars are all ")
    assert [row for row, text in enumerate(messages) if text] == [2]
    rest = [row for row in range(len(real)) if row != 2]
    for name, values in answer.items():
        assert np.isnan(values[2]).all()
        np.testing.assert_array_equal(values[rest], good[name][rest], err_msg=name)


@pytest.mark.parametrize(
    ("step", "length", "steps"), [("bars", 59, 60), ("short_bars", 10, 5)], ids=["long", "short"]
)
def test_a_shorter_standstill_is_a_market_as_any_other(
    triton: LocalTriton, real: Any, step: str, length: int, steps: int
) -> None:
    given, outputs = stopped(real, length), ("window", "rsi", "problem")
    every = expected(given, steps)
    assert_equal(ask(triton, step, {"ohlcv": given}, outputs), {n: every[n] for n in outputs})
