"""The config.pbtxt of each built-in step."""

from typing import Any

import pytest

from inference_operator.api.builtin import Builtin
from inference_operator.domain.repository_plan import BUILTINS
from model_builders.builtin.config import INDICATORS, builtin_config, builtin_type
from model_builders.config import config_pbtxt
from model_builders.features import frame
from model_builders.features.average import shares
from model_builders.features.windows import STEPS
from training.models.combiner import EnsembleCombiner


def config(builtin: dict[str, Any], max_batch_size: int = 8) -> Any:
    parsed = Builtin.model_validate(builtin)
    return builtin_config(parsed, name="step", max_batch_size=max_batch_size)


def settings(builtin: dict[str, Any]) -> dict[str, str]:
    parameters = config(builtin).parameters
    return {key: parameters[key].string_value for key in parameters}


def test_a_weighted_average_is_written_out() -> None:
    text = config_pbtxt(config({"weightedAverage": {}}, 16))
    assert text.startswith('name: "step"\nmax_batch_size: 16\ninput {\n  name: "price"\n')
    assert 'backend: "python"\n' in text


@pytest.mark.parametrize("kind", BUILTINS)
def test_a_step_is_known_by_its_field(kind: str) -> None:
    assert builtin_type(Builtin.model_validate({kind: {}})) == kind


def test_the_average_takes_what_the_combiner_takes() -> None:
    expected = EnsembleCombiner.signature().inputs
    inputs = config({"weightedAverage": {}}).input
    assert [(t.name, tuple(t.dims)) for t in inputs] == [(t.name, t.shape) for t in expected]


def test_the_indicators_are_those_of_the_features() -> None:
    assert INDICATORS == frame.NAMES


@pytest.mark.parametrize("steps", [60, 30])
def test_windows_are_as_long_as_the_step_says(steps: int) -> None:
    outputs = {t.name: tuple(t.dims) for t in config({"ohlcvFeatures": {"steps": steps}}).output}
    assert outputs.pop("window") == outputs.pop("normalised") == (steps, 5)
    assert outputs == dict.fromkeys([*frame.NAMES, "problem"], (1,))


def test_defaults_are_those_of_training() -> None:
    defaults = settings({"ohlcvFeatures": {}})
    periods = {name: int(defaults[name]) for name in ("rsi", "sma", "ema", "volatility")}
    assert frame.Periods(**periods) == frame.STANDARD
    assert int(defaults["steps"]) == STEPS
    assert int(defaults["longest_standstill"]) == STEPS - 1, (
        "a whole window that stands still is bad"
    )
    average = settings({"weightedAverage": {}})
    combiner = EnsembleCombiner()
    weights = [int(average[f"{name}_weight"]) for name in ("price", "sentiment")]
    assert shares(weights) == pytest.approx(combiner.weights.tolist())
    assert int(average["sentiment_basis_points"]) / 10_000 == pytest.approx(
        float(combiner.sensitivity)
    )


def test_every_setting_reaches_the_code() -> None:
    average = {"weights": {"price": 3, "sentiment": 1}, "sentimentBasisPoints": 250}
    assert settings({"weightedAverage": average}) == {
        "price_weight": "3",
        "sentiment_weight": "1",
        "sentiment_basis_points": "250",
    }
    bars = settings({"ohlcvFeatures": {"badBars": "NaN", "longestStandstill": 5}})
    assert (bars["bad_bars"], bars["longest_standstill"]) == ("NaN", "5")
    text = {"maxTokens": 64, "tooLong": "Refuse", "emptyText": "LeaveOut"}
    assert settings({"tokenizer": text}) == {
        "max_tokens": "64",
        "too_long": "Refuse",
        "empty_text": "LeaveOut",
    }


def test_a_text_is_always_there() -> None:
    (text,) = config({"tokenizer": {}}).input
    assert (text.name, list(text.dims), text.optional) == ("text", [1], False)


@pytest.mark.parametrize("kind", BUILTINS)
def test_a_step_runs_once_and_on_the_cpu(kind: str) -> None:
    (group,) = config({kind: {}}).instance_group
    assert (group.kind, group.count) == (group.KIND_CPU, 1)
