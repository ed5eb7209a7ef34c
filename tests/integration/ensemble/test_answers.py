"""Answers of the whole ensemble on a real Triton equal those of the same steps in Python."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hack.demo.ensemble_reference import Forecasts, Reference, combiner
from hack.demo.predict import Answer, PredictionError, Served, ask
from hack.demo.trading import Trading
from hack.images.local_triton import LocalTriton
from hack.product import ROOT
from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from model_builders.features.bars import standstill
from model_builders.features.windows import windows
from tests.integration.ensemble.conftest import NUMBER, weights
from training.data.prices import load_prices

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

Bars = npt.NDArray[np.float64]
NUMBERS = ("price", "score", "confidence")
# Forecasts are within a percent of 1: 1e-4 would let other weights pass.
TOLERANCE = 1e-5
PAGE = ROOT / "docs" / "ensembles.md"
SERVICE = "ensemble-predictor.trading.svc:8000"


def asked(
    triton: LocalTriton, bars: Bars, texts: Sequence[str], protocol: str = "grpc", version: str = ""
) -> Answer:
    """Send one request with a row for each text."""
    served = Served(getattr(triton, protocol), "ensemble-predictor", protocol, version)
    inputs = {"ohlcv": bars, "text": np.array([[t.encode()] for t in texts], object)}
    return ask(served, inputs, [*NUMBERS, "problem"])


def assert_equal(answer: Answer, expected: Forecasts) -> None:
    for name in NUMBERS:
        values = getattr(expected, name)
        np.testing.assert_allclose(
            answer.outputs[name], values, rtol=0, atol=TOLERANCE, err_msg=name
        )


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize("rows", [1, 3, 16])
def test_a_batch_is_answered_as_in_python(
    triton: LocalTriton,
    reference: Reference,
    bars: Bars,
    texts: list[str],
    protocol: str,
    rows: int,
) -> None:
    given = bars[-rows:], texts[:rows]
    assert_equal(asked(triton, *given, protocol), reference.answers(*given))


def test_single_requests_over_all_shares_and_sources_are_answered_as_in_python(
    triton: LocalTriton, reference: Reference, bars: Bars, texts: list[str]
) -> None:
    scores = []
    for row in range(0, len(bars), 2):
        given = bars[row : row + 1], texts[row : row + 1]
        answer = asked(triton, *given)
        assert_equal(answer, reference.answers(*given))
        scores.append(float(answer.outputs["score"][0, 0]))
    assert len(scores) > 20
    assert max(scores) - min(scores) > 0.1, "the texts are told apart"


def test_a_row_without_a_text_is_the_price_alone(
    triton: LocalTriton, reference: Reference, bars: Bars, texts: list[str]
) -> None:
    given = bars[:3], [texts[0], "", texts[1]]
    answer = asked(triton, *given)
    assert_equal(answer, reference.answers(*given))
    assert np.isnan(answer.outputs["score"][1, 0])
    assert np.isfinite(answer.outputs["price"]).all()
    alone = asked(triton, bars[1:2], [""])
    assert alone.outputs["price"] == pytest.approx(answer.outputs["price"][1:2], abs=1e-6)


@pytest.mark.parametrize("length", [60, 61, 90])
def test_the_newest_bars_count_however_many_are_sent(
    triton: LocalTriton, reference: Reference, bars: Bars, texts: list[str], length: int
) -> None:
    given = bars[:2, -length:], texts[:2]
    assert_equal(asked(triton, *given), reference.answers(bars[:2], texts[:2]))


def test_every_answer_says_which_revision_gave_it(
    triton: LocalTriton, bars: Bars, texts: list[str]
) -> None:
    assert asked(triton, bars[:1], texts[:1]).version == str(NUMBER)
    with pytest.raises(PredictionError, match=f"version {NUMBER + 1}|not available"):
        asked(triton, bars[:1], texts[:1], version=str(NUMBER + 1))


def negative(bars: Bars) -> Bars:
    spoilt = bars.copy()
    spoilt[1, -1, 3] = -1.0
    return spoilt


def problems(answer: Answer) -> list[str]:
    return [text.decode() for text in answer.outputs["problem"][:, 0]]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (negative, "close"),
        (lambda bars: np.where(np.arange(3)[:, None, None] == 1, np.nan, bars), "nan"),
    ],
    ids=["a price below 0", "not a number"],
)
def test_a_row_of_bad_bars_is_explained_and_its_neighbours_are_answered(
    triton: LocalTriton, reference: Reference, bars: Bars, texts: list[str], spoil: Any, words: str
) -> None:
    given = spoil(bars[:3]), texts[:3]
    answer = asked(triton, *given)
    assert_equal(answer, reference.answers(*given))
    assert np.isnan(answer.outputs["price"][:, 0]).tolist() == [False, True, False]
    before, problem, after = problems(answer)
    assert words in problem
    assert before == after == ""


def repeated(bars: Bars, row: int, times: int) -> Bars:
    """Repeat the last bar of that row, as a feed that stopped."""
    stopped = bars.copy()
    stopped[row, -times:] = stopped[row, -times]
    return stopped


@pytest.mark.parametrize("times", [6, 60, 90])
def test_a_stopped_feed_is_explained_and_no_forecast_is_made_of_it(
    triton: LocalTriton, reference: Reference, bars: Bars, texts: list[str], times: int
) -> None:
    answer = asked(triton, repeated(bars[:3], 1, times), texts[:3])
    price, score, confidence = (answer.outputs[name][:, 0] for name in NUMBERS)
    assert np.isnan(price).tolist() == np.isnan(confidence).tolist() == [False, True, False]
    assert np.isfinite(score).all()
    before, problem, after = problems(answer)
    assert problem.startswith(f"StandsStill: ohlcv.close: the newest {times} bars are all ")
    assert before == after == ""
    expected = reference.answers(bars[:3:2], texts[:3:2])
    np.testing.assert_allclose(price[::2], expected.price[:, 0], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(confidence[::2], expected.confidence[:, 0], rtol=0, atol=TOLERANCE)


def test_the_longest_standstill_of_the_sample_is_an_answer_as_any_other(
    triton: LocalTriton, trading: Trading, reference: Reference, bars: Bars, texts: list[str]
) -> None:
    given = repeated(bars[:3], 1, longest_standstill(trading)), texts[:3]
    answer = asked(triton, *given)
    assert_equal(answer, reference.answers(*given))
    assert problems(answer) == [""] * 3


def test_no_share_of_training_stands_still_for_as_long_as_the_sample_forbids(
    trading: Trading,
) -> None:
    longest = longest_standstill(trading)
    for ticker, table in load_prices().bars.items():
        assert (standstill(windows(table.to_numpy(), longest + 1)) <= longest).all(), ticker


def longest_standstill(trading: Trading) -> int:
    """Return the setting of the pipeline's first step."""
    (bars,) = (s.builtin.ohlcv_features for s in trading.pipeline.steps if s.name == "bars")
    return bars.longest_standstill


def test_too_few_bars_are_counted(triton: LocalTriton, bars: Bars, texts: list[str]) -> None:
    answer = asked(triton, bars[:1, -59:], texts[:1])
    assert np.isnan(answer.outputs["price"]).all()
    assert "59" in problems(answer)[0]


def test_bad_bars_from_many_clients_take_nothing_from_the_others(
    triton: LocalTriton, bars: Bars, texts: list[str]
) -> None:
    def ask_in_turn(client: int) -> list[bool]:
        """Return whether each answer has a problem; every other request should have one."""
        explained = []
        for number in range(80):
            good = bars[number % len(bars)][None]
            row = good if number % 2 else -good
            answer = asked(triton, row, [texts[(number + client) % len(texts)]])
            explained.append(
                bool(problems(answer)[0]) and bool(np.isnan(answer.outputs["price"]).all())
            )
        return explained

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(ask_in_turn, range(8)))
    assert answers == [[True, False] * 40] * 8


def test_bytes_that_are_no_text_count_as_none(
    triton: LocalTriton, reference: Reference, bars: Bars
) -> None:
    served = Served(triton.grpc, "ensemble-predictor")
    answer = ask(served, {"ohlcv": bars[:1], "text": np.array([[b"\xff\xfe"]], object)}, NUMBERS)
    assert_equal(answer, reference.answers(bars[:1], [""]))


def test_other_weights_are_other_answers(
    trading: Trading, reference: Reference, bars: Bars, texts: list[str], tmp_path: Path
) -> None:
    changed = reweighted(trading, price=1, sentiment=100)
    changed.lay_out(tmp_path)
    given = bars[:4], texts[:4]
    expected = replace(reference, combiner=combiner(weights(changed))).answers(*given)
    off = np.abs(expected.price - reference.answers(*given).price)
    assert off.min() > 2 * TOLERANCE
    with LocalTriton(tmp_path, timeout_s=240) as triton:
        assert_equal(asked(triton, *given), expected)


def reweighted(trading: Trading, **shares: int) -> Trading:
    body = trading.pipeline.model_dump(mode="json", by_alias=True, exclude_unset=True)
    (average,) = (step for step in body["steps"] if step["name"] == "average")
    average["builtin"]["weightedAverage"]["weights"] = shares
    return replace(trading, pipeline=EnsemblePipelineSpec.model_validate(body))


def test_the_tutorial_s_client_is_answered(
    triton: LocalTriton,
    bars: Bars,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    np.savetxt("bars.csv", bars[0], delimiter=",")
    assert SERVICE in program
    exec(program.replace(SERVICE, triton.http), {})
    shown = capsys.readouterr().out
    assert re.match(r"next close: [01]\.\d{4} times today's, confidence 0\.\d\d; the text: ", shown)
    assert shown.endswith(f"revision {NUMBER}\n")
