"""The trading ensemble of the samples, from MLflow to answers that equal Python's."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import yaml

from hack import predict
from hack.ensemble_reference import Forecasts, Reference
from hack.mlflow.cluster import ClusterMlflow
from hack.trading import FORMATS, SAMPLE
from hack.trained_models import trained_model
from inference_operator.api.builtin import WeightedAverage
from tests.e2e.pipelines import Pipeline
from tests.e2e.test_registry import untrained
from tests.e2e.world import World, eventually
from training.data.prices import load_prices
from training.data.sentiment import load_sentiment
from training.models.catalog import MODELS
from training.registry import Entry, promote, register

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

LSTM = "lstm_price_predictor"
ROWS = 5
# Forecasts are within a percent of 1: 1e-4 would let another model's pass.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def other(mlflow: ClusterMlflow, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both trained models as champions, and the folder of the LSTM's version 2, another one."""
    for name, form in FORMATS.items():
        entry = Entry(name, form, MODELS[name].max_batch_size, alias="champion")
        register(trained_model(name), entry, mlflow.uri())
    folder = untrained(tmp_path_factory.mktemp("other") / LSTM, seed=3)
    assert register(folder, Entry(LSTM), mlflow.uri()).number == 2
    return folder


@pytest.fixture
def served(world: World, namespace: str, other: Path) -> Pipeline:
    """What the sample applies, in the test's namespace."""
    bodies = list(yaml.safe_load_all(SAMPLE.read_text()))
    for body in bodies:
        body["metadata"]["namespace"] = namespace
    items = {"apiVersion": "v1", "kind": "List", "items": bodies}
    world.kubectl("apply", "-f", "-", stdin=json.dumps(items))
    (pipeline,) = (body for body in bodies if body["kind"] == "EnsemblePipeline")
    return Pipeline(world, pipeline).wait_ready(within=300)


def requests() -> tuple[npt.NDArray[np.float64], list[str]]:
    """Real bars of five shares beside real sentences, one row without any."""
    bars = np.stack([table.to_numpy(np.float64)[-70:] for table in load_prices().bars.values()])
    return bars, [*load_sentiment().texts[: 7 * (ROWS - 1) : 7], ""]


def off(served: Pipeline, expected: Forecasts) -> tuple[str, float]:
    """The revision that answers, and how far its answers are off at most."""
    bars, texts = requests()
    given = {"ohlcv": bars, "text": np.array([[text.encode()] for text in texts], object)}
    where = predict.Served(served.address(8001), served.model)
    answer = predict.ask(where, given, ["price", "score", "confidence"])
    pairs = [(values, getattr(expected, name)) for name, values in answer.outputs.items()]
    assert all(np.array_equal(np.isnan(one), np.isnan(two)) for one, two in pairs)
    return answer.version, max(float(np.nanmax(np.abs(one - two))) for one, two in pairs)


def weights(served: Pipeline) -> WeightedAverage:
    (average,) = (step for step in served.manifest["spec"]["steps"] if step["name"] == "average")
    return WeightedAverage.model_validate(average["builtin"]["weightedAverage"])


def test_it_answers_as_python_does_and_follows_its_models(
    served: Pipeline, other: Path, mlflow: ClusterMlflow
) -> None:
    torch.set_num_threads(1)
    reference = Reference.trained(weights(served))
    first = reference.answers(*requests())
    version, distance = off(served, first)
    assert version == "1"
    assert distance < TOLERANCE
    assert versions(served) == {"price": "1", "sentiment": "1"}
    table = served.kubectl("get", "ensemblepipelines")
    assert "ensemble-predictor   True" in table
    assert "price:1" in table
    described = served.describe()
    for word in ("ResolvedRefs", "ModelLoaded", "InferenceModel/lstm-price-predictor"):
        assert word in described

    promote(LSTM, 2, "champion", mlflow.uri())
    network: Any = torch.jit.load(other / "model.pt")
    second = replace(reference, lstm=network).answers(*requests())
    assert np.abs(second.price - first.price).max() > 10 * TOLERANCE
    eventually(lambda: off(served, second)[0] == "2", within=180, that="revision 2 answers")
    assert off(served, second)[1] < TOLERANCE
    served.wait_ready()
    assert versions(served) == {"price": "2", "sentiment": "1"}


def versions(served: Pipeline) -> dict[str, str]:
    """Of the steps that have an artifact."""
    return {name: step["version"] for name, step in served.steps().items() if "modelRef" in step}
