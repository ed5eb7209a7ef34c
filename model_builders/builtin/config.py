"""Configs of built-in steps for Triton's Python backend: tensors and settings.

The settings travel as `parameters`; the code in `model_builders.builtin.python` reads them.
"""

from collections.abc import Mapping
from typing import Any

from inference_operator.api.builtin import Builtin, OhlcvFeatures, Tokenizer, WeightedAverage
from inference_operator.api.model import DataType, InputTensor, ModelFormat, Tensor
from inference_operator.api.triton import InstanceGroup, InstanceKind
from model_builders.instances import add_instance_groups
from model_builders.names import BACKENDS
from model_builders.protobuf import ModelConfig, plain_config, written_config
from model_builders.tensors import add_inputs, add_outputs

BARS = 5
# `features.frame.NAMES`, which would import numpy into the operator; a test compares both.
INDICATORS = (
    "log_return",
    "rsi",
    "sma",
    "ema",
    "volatility",
    "close_to_open",
    "high_to_low",
    "close_to_previous",
)


def builtin_type(builtin: Builtin) -> str:
    """Return the step's type: `weightedAverage`, `ohlcvFeatures` or `tokenizer`."""
    return _settings(builtin)[0]


def builtin_config(builtin: Builtin, *, name: str, max_batch_size: int) -> ModelConfig:
    """Return the config of the step `name`; docs/builtin-steps.md describes the tensors."""
    kind, settings = _settings(builtin)
    inputs, outputs, parameters = _DESCRIBED[kind](settings)
    config = written_config()
    config.name = name
    config.backend = BACKENDS[ModelFormat.PYTHON].name
    config.max_batch_size = max_batch_size
    add_inputs(config, inputs)
    add_outputs(config, outputs)
    # Otherwise Triton makes an instance for each GPU, and none of them would use it.
    add_instance_groups(config, [InstanceGroup(kind=InstanceKind.CPU)])
    for key, value in parameters.items():
        config.parameters[key].string_value = str(value)
    return plain_config(config)


_Described = tuple[list[InputTensor], list[Tensor], Mapping[str, object]]


def _settings(builtin: Builtin) -> tuple[str, Any]:
    for field, kind in (
        ("weighted_average", "weightedAverage"),
        ("ohlcv_features", "ohlcvFeatures"),
        ("tokenizer", "tokenizer"),
    ):
        if (settings := getattr(builtin, field)) is not None:
            return kind, settings
    raise LookupError("a built-in step is one of weightedAverage, ohlcvFeatures and tokenizer")


def _weighted_average(settings: WeightedAverage) -> _Described:
    inputs = [_in("price", 1), _in("interval", 2), _in("score", 1), _in("confidence", 1)]
    parameters = {
        "price_weight": settings.weights.price,
        "sentiment_weight": settings.weights.sentiment,
        "sentiment_basis_points": settings.sentiment_basis_points,
    }
    return inputs, [_out("forecast", 1), _out("probability", 1)], parameters


def _ohlcv_features(settings: OhlcvFeatures) -> _Described:
    bars = InputTensor(name="ohlcv", data_type=DataType.FP64, shape=(-1, BARS))
    windows = [_out(name, settings.steps, BARS) for name in ("window", "normalised")]
    periods = settings.periods
    parameters = {
        "steps": settings.steps,
        "rsi": periods.rsi,
        "sma": periods.sma,
        "ema": periods.ema,
        "volatility": periods.volatility,
        "longest_standstill": settings.longest_standstill,
        "bad_bars": settings.bad_bars.value,
    }
    problem = Tensor(name="problem", data_type=DataType.STRING, shape=(1,))
    return [bars], [*windows, *(_out(name, 1) for name in INDICATORS), problem], parameters


def _tokenizer(settings: Tokenizer) -> _Described:
    # Not optional: Triton's Python backend fails for a batch without any input.
    inputs = [InputTensor(name="text", data_type=DataType.STRING, shape=(1,))]
    outputs = [
        Tensor(name=name, data_type=DataType.INT64, shape=(-1,))
        for name in ("input_ids", "attention_mask")
    ]
    parameters = {
        "max_tokens": settings.max_tokens,
        "too_long": settings.too_long.value,
        "empty_text": settings.empty_text.value,
    }
    return inputs, outputs, parameters


_DESCRIBED: Mapping[str, Any] = {
    "weightedAverage": _weighted_average,
    "ohlcvFeatures": _ohlcv_features,
    "tokenizer": _tokenizer,
}


def _in(name: str, *shape: int) -> InputTensor:
    return InputTensor(name=name, data_type=DataType.FP32, shape=shape)


def _out(name: str, *shape: int) -> Tensor:
    return Tensor(name=name, data_type=DataType.FP32, shape=shape)
