"""Built-in steps, laid out by `load` from the API's own types, and one Triton that serves them."""

from collections.abc import Iterator
from typing import Any

import pytest

from hack.images.local_triton import LocalTriton
from inference_operator.api.builtin import Builtin
from inference_operator.domain.repository_plan import BUILTINS, ArtifactFormat, PlannedModel
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import ModelOrder
from model_builders.builtin.config import builtin_config, builtin_type
from model_builders.config import config_pbtxt
from tests.integration.builtin.first_configs import FIRST

MAX_BATCH = 32
OWN_WORDS = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nrise\nshares\n"
# Requests that come at once are to share a batch.
BATCHING = "dynamic_batching { max_queue_delay_microseconds: 50000 }\n"
STEPS: dict[str, dict[str, Any]] = {
    "words": {"tokenizer": {}},
    "few_words": {"tokenizer": {"maxTokens": 8, "tooLong": "Refuse", "emptyText": "LeaveOut"}},
    "cut_words": {"tokenizer": {"maxTokens": 8}},
    "any_words": {"tokenizer": {"emptyText": "LeaveOut"}},
    "own_words": {"tokenizer": {"vocabulary": {"uri": "pvc://texts/vocab.txt"}}},
    "bars": {"ohlcvFeatures": {}},
    "fast_bars": {
        "ohlcvFeatures": {"steps": 5, "periods": {"rsi": 3, "sma": 4, "ema": 6, "volatility": 2}}
    },
    "short_bars": {"ohlcvFeatures": {"steps": 5}},
    "any_bars": {"ohlcvFeatures": {"badBars": "NaN"}},
    "average": {"weightedAverage": {}},
    "bold_average": {
        "weightedAverage": {
            "weights": {"price": 1, "sentiment": 3},
            "sentimentBasisPoints": 500,
        }
    },
}
ENSEMBLE = f"""
name: "trading"
platform: "ensemble"
max_batch_size: {MAX_BATCH}
input [ {{ name: "ohlcv" data_type: TYPE_FP64 dims: [-1, 5] }},
  {{ name: "text" data_type: TYPE_STRING dims: [1] }} ]
output [ {{ name: "window" data_type: TYPE_FP32 dims: [60, 5] }},
  {{ name: "ids" data_type: TYPE_INT64 dims: [-1] }},
  {{ name: "mask" data_type: TYPE_INT64 dims: [-1] }},
  {{ name: "problem" data_type: TYPE_STRING dims: [1] }} ]
ensemble_scheduling {{ step [
  {{ model_name: "any_bars" model_version: 1
    input_map {{ key: "ohlcv" value: "ohlcv" }} output_map {{ key: "window" value: "window" }}
    output_map {{ key: "problem" value: "problem" }} }},
  {{ model_name: "any_words" model_version: 1
    input_map {{ key: "text" value: "text" }}
    output_map {{ key: "input_ids" value: "ids" }}
    output_map {{ key: "attention_mask" value: "mask" }} }} ] }}
"""


def order(name: str, step: dict[str, Any], max_batch_size: int = MAX_BATCH) -> ModelOrder:
    """Return one built-in step, as the operator writes it into a plan."""
    builtin = Builtin.model_validate(step)
    kind = builtin_type(builtin)
    words = builtin.tokenizer and builtin.tokenizer.vocabulary
    uri = words.uri if words else None
    config = config_pbtxt(builtin_config(builtin, name=name, max_batch_size=max_batch_size))
    batching = BATCHING if max_batch_size else ""
    planned = PlannedModel(name, 1, ArtifactFormat.PYTHON, uri, builtin=kind)
    return ModelOrder(planned, config + batching)


def first_order(kind: str) -> ModelOrder:
    """Return a built-in step with a config of the first operator."""
    name = f"first_{kind}"
    planned = PlannedModel(name, 1, ArtifactFormat.PYTHON, builtin=kind)
    head = f'name: "{name}"\nbackend: "python"\nmax_batch_size: {MAX_BATCH}\n'
    return ModelOrder(planned, head + FIRST[kind])


@pytest.fixture(scope="session")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTriton]:
    claims, output = (tmp_path_factory.mktemp(name) for name in ("claims", "repository"))
    words = claims / "texts" / "vocab.txt"
    words.parent.mkdir()
    words.write_text(OWN_WORDS)
    orders = [order(name, step) for name, step in STEPS.items()]
    orders += [order(f"single_{name}", STEPS[name], 0) for name in ("words", "bars", "average")]
    orders += [first_order(kind) for kind in BUILTINS]
    orders.append(ModelOrder(PlannedModel("trading", 7, ArtifactFormat.ENSEMBLE), ENSEMBLE))
    Loader(Folders(output, output, claims)).load(tuple(orders))
    with LocalTriton(output) as running:
        yield running
