"""The trading ensemble of the samples, from MLflow to answers that equal Python's."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import yaml

from hack.demo import predict
from hack.demo.ensemble_reference import Forecasts, Reference
from hack.demo.trading import FORMATS, SAMPLE
from hack.demo.trained_models import trained_model
from hack.services.mlflow.cluster import ClusterMlflow
from inference_operator.api.builtin import WeightedAverage
from tests.e2e.harness import ClusterHarness
from tests.e2e.pipelines import Pipeline
from tests.e2e.test_registry import untrained
from tests.e2e.waiting import eventually
from training.data.prices import load_prices
from training.data.sentiment import load_sentiment
from training.models.catalog import MODELS
from training.registry import Entry, promote, register

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
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
def served(harness: ClusterHarness, namespace: str, other: Path) -> Pipeline:
    """What the sample applies, in the test's namespace."""
    bodies = list(yaml.safe_load_all(SAMPLE.read_text()))
    for body in bodies:
        body["metadata"]["namespace"] = namespace
    items = {"apiVersion": "v1", "kind": "List", "items": bodies}
    harness.kubectl("apply", "-f", "-", stdin=json.dumps(items))
    (pipeline,) = (body for body in bodies if body["kind"] == "EnsemblePipeline")
    return Pipeline(harness.kubectl, pipeline).wait_ready(within=300)


def requests() -> tuple[npt.NDArray[np.float64], list[str]]:
    """Real bars of five shares beside real sentences, one row without any."""
    bars = np.stack([table.to_numpy(np.float64)[-70:] for table in load_prices().bars.values()])
    return bars, [*load_sentiment().texts[: 7 * (ROWS - 1) : 7], ""]


def ask(where: predict.Served) -> predict.Answer:
    bars, texts = requests()
    given = {"ohlcv": bars, "text": np.array([[text.encode()] for text in texts], object)}
    return predict.ask(where, given, ["price", "score", "confidence"])


def over_grpc(served: Pipeline) -> predict.Answer:
    return ask(predict.Served(served.address(8001), served.model))


def off(answer: predict.Answer, expected: Forecasts) -> float:
    """Return how far the answer is off at most."""
    pairs = [(values, getattr(expected, name)) for name, values in answer.outputs.items()]
    assert all(np.array_equal(np.isnan(first), np.isnan(second)) for first, second in pairs)
    return max(float(np.nanmax(np.abs(first - second))) for first, second in pairs)


@dataclass
class Calls:
    """The answers of a client that calls all the time."""

    answers: list[predict.Answer] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@contextmanager
def called_throughout(served: Pipeline) -> Iterator[Calls]:
    """By new connections of HTTP."""
    calls, end = Calls(), threading.Event()
    where = predict.Served(served.address(), served.model, "http")

    def call() -> None:
        while not end.is_set():
            try:
                calls.answers.append(ask(where))
            except Exception as error:
                calls.failures.append(f"{type(error).__name__}: {error}")
            time.sleep(0.1)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield calls
    finally:
        end.set()
        thread.join()


def weights(served: Pipeline) -> WeightedAverage:
    (average,) = (step for step in served.manifest["spec"]["steps"] if step["name"] == "average")
    return WeightedAverage.model_validate(average["builtin"]["weightedAverage"])


def test_it_answers_as_python_does_and_follows_its_models(
    served: Pipeline, other: Path, mlflow: ClusterMlflow
) -> None:
    torch.set_num_threads(1)
    reference = Reference.trained(weights(served))
    first = reference.answers(*requests())
    answer = over_grpc(served)
    assert answer.version == "1"
    assert off(answer, first) < TOLERANCE
    assert versions(served) == {"price": "1", "sentiment": "1"}
    table = served.kubectl("get", "ensemblepipelines")
    assert "ensemble-predictor   True" in table
    assert "price:1" in table
    described = served.describe()
    for word in ("ResolvedRefs", "ModelLoaded", "InferenceModel/lstm-price-predictor"):
        assert word in described

    network: Any = torch.jit.load(other / "model.pt")
    second = replace(reference, lstm=network).answers(*requests())
    assert np.abs(second.price - first.price).max() > 10 * TOLERANCE
    with called_throughout(served) as calls:
        eventually(lambda: calls.answers, that="an answer before the change")
        promote(LSTM, 2, "champion", mlflow.uri())
        eventually(lambda: over_grpc(served).version == "2", within=180, that="revision 2 answers")
        asked = len(calls.answers)
        eventually(lambda: len(calls.answers) > asked + 5, that="answers after the change")
    assert calls.failures == []
    expected = {"1": first, "2": second}
    assert {answer.version for answer in calls.answers} == set(expected)
    assert max(off(answer, expected[answer.version]) for answer in calls.answers) < TOLERANCE
    assert off(over_grpc(served), second) < TOLERANCE
    served.wait_ready()
    assert versions(served) == {"price": "2", "sentiment": "1"}


def versions(served: Pipeline) -> dict[str, str]:
    """Return the versions of the steps that have an artifact."""
    return {name: step["version"] for name, step in served.steps().items() if "modelRef" in step}
