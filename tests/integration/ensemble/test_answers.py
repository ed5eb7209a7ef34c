"""What the whole ensemble answers on a real Triton is what the same steps compute in Python."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hack.images.local_triton import LocalTriton
from hack.predict import Answer, PredictionError, Served, ask
from hack.product import ROOT
from hack.trading import Trading
from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from tests.ensemble_reference import Forecasts, Reference, combiner
from tests.integration.ensemble.conftest import NUMBER, weights

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

Bars = npt.NDArray[np.float64]
OUTPUTS = ("price", "score", "confidence")
# Forecasts are within a percent of 1: 1e-4 would let other weights pass.
TOLERANCE = 1e-5
PAGE = ROOT / "docs" / "ensembles.md"
SERVICE = "ensemble-predictor.trading.svc:8000"


def asked(
    triton: LocalTriton, bars: Bars, texts: Sequence[str], protocol: str = "grpc", version: str = ""
) -> Answer:
    """One request with a row for each text."""
    served = Served(getattr(triton, protocol), "ensemble-predictor", protocol, version)
    inputs = {"ohlcv": bars, "text": np.array([[t.encode()] for t in texts], object)}
    return ask(served, inputs, OUTPUTS)


def assert_equal(found: Answer, expected: Forecasts) -> None:
    for name in OUTPUTS:
        wanted = getattr(expected, name)
        np.testing.assert_allclose(
            found.outputs[name], wanted, rtol=0, atol=TOLERANCE, err_msg=name
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
        found = asked(triton, *given)
        assert_equal(found, reference.answers(*given))
        scores.append(float(found.outputs["score"][0, 0]))
    assert len(scores) > 20
    assert max(scores) - min(scores) > 0.1, "the texts are told apart"


def test_a_row_without_a_text_is_the_price_alone(
    triton: LocalTriton, reference: Reference, bars: Bars, texts: list[str]
) -> None:
    given = bars[:3], [texts[0], "", texts[1]]
    found = asked(triton, *given)
    assert_equal(found, reference.answers(*given))
    assert np.isnan(found.outputs["score"][1, 0])
    assert np.isfinite(found.outputs["price"]).all()
    alone = asked(triton, bars[1:2], [""])
    assert alone.outputs["price"] == pytest.approx(found.outputs["price"][1:2], abs=1e-6)


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
    spoilt = bars[:2].copy()
    spoilt[1, -1, 3] = -1.0
    return spoilt


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda bars: bars[:2, -59:], "59"),
        (negative, "close"),
        (lambda bars: np.where(np.arange(90)[:, None] == 80, np.nan, bars[:2]), "nan"),
    ],
    ids=["too few bars", "a price below 0", "not a number"],
)
def test_bars_that_are_none_are_refused_with_a_sentence(
    triton: LocalTriton, bars: Bars, texts: list[str], spoil: Any, words: str
) -> None:
    with pytest.raises(PredictionError, match=words):
        asked(triton, spoil(bars), texts[:2])


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
    said = capsys.readouterr().out
    assert re.match(r"next close: [01]\.\d{4} times today's, confidence 0\.\d\d; the text: ", said)
    assert said.endswith(f"revision {NUMBER}\n")
