"""The registry as the source of truth: what an alias names is served, and moving it rolls out."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import tritonclient.http as triton_http

from hack.services.mlflow.cluster import URI, ClusterMlflow
from tests.e2e.harness import ClusterHarness
from tests.e2e.pipelines import LINEAR_TWICE, TRIPLE_TWICE, chain
from tests.e2e.registered import Lines, register_lines
from tests.e2e.served import Served
from tests.e2e.test_canary import BY_STEPS, LINEAR, TRIPLE, shares
from tests.e2e.waiting import eventually
from training.confidence import calibrate
from training.data.prices import load_prices, windows
from training.exporting import export
from training.models.lstm import LSTMPredictor
from training.price_task import price_samples
from training.registry import Entry, Version, promote, register
from training.sample_file import about_window
from training.trained import Trained, read_trained

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

NAME = "lstm_price_predictor"


@dataclass
class Registered:
    """Both versions of the LSTM, with what each of them answers."""

    mlflow: ClusterMlflow
    versions: dict[int, Version]
    trained: dict[int, Trained]

    def promote(self, version: int, alias: str = "champion") -> None:
        promote(NAME, version, alias, self.mlflow.uri())


@pytest.fixture(scope="module")
def registered(mlflow: ClusterMlflow, tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """Two versions without an alias."""
    models = Registered(mlflow, {}, {})
    for number in (1, 2):
        folder = untrained(tmp_path_factory.mktemp("trained") / NAME, seed=number)
        models.versions[number] = register(folder, Entry(NAME), mlflow.uri())
        models.trained[number] = read_trained(folder)
    return models


def untrained(folder: Path, seed: int) -> Path:
    """Return an untrained LSTM: it is served, and its answers differ from the other one."""
    torch.manual_seed(seed)
    judged = windows(load_prices().bars, stride=50)
    model = LSTMPredictor()
    calibrate(model, price_samples(judged))
    export(model, price_samples(judged), folder, about_window(judged))
    (folder / "report.json").write_text("{}")
    return folder


def lstm(harness: ClusterHarness, namespace: str, uri: str = f"models:/{NAME}@champion") -> Served:
    """Nothing but a source: format, tensors and batches are the registry's to say."""
    changes = {
        "spec.model": {"source": {"uri": uri}},
        "spec.triton": {"dynamicBatching": {"maxQueueDelay": "500us"}},
        "spec.resources": {"requests": {"cpu": "50m", "memory": "256Mi"}},
    }
    return harness.model(namespace, "lstm", **changes)


def answered(served: Served, trained: Trained) -> tuple[str, float]:
    """Triton's version, and how far its answer is from the local model's at most."""
    value = trained.sample["ohlcv"]
    tensor = triton_http.InferInput("ohlcv", list(value.shape), "FP32")
    tensor.set_data_from_numpy(value)
    with triton_http.InferenceServerClient(served.address()) as client:
        answer = client.infer(served.name, [tensor])
    pairs = ((answer.as_numpy(name), trained.expected[name]) for name in trained.expected)
    off = max(float(np.abs(actual - expected).max()) for actual, expected in pairs)
    return str(answer.get_response()["model_version"]), off


def serves(served: Served, registered: Registered, number: int) -> bool:
    """Whether status and Triton both say that this version serves, and it answers as locally."""
    model = served.status().get("model") or {}
    if not served.holds("Ready") or model.get("version") != str(number):
        return False
    version, off = answered(served, registered.trained[number])
    return version == str(number) and off < 1e-4


def test_moving_an_alias_rolls_the_new_version_out(
    harness: ClusterHarness, namespace: str, registered: Registered
) -> None:
    registered.promote(1)
    served = lstm(harness, namespace).apply().wait_ready()
    assert serves(served, registered, 1)
    first = served.stable()
    registered.promote(2)
    eventually(lambda: serves(served, registered, 2), that="version 2 serves")
    model = served.status()["model"]
    assert model["runId"] == registered.versions[2].run_id
    assert model["sha256"] == registered.versions[2].sha256
    assert model["uri"] == f"models:/{NAME}/2"
    assert "lstm   True    Ready    2 " in served.kubectl("get", "inferencemodels")
    assert served.stable() != first
    messages = [decision["message"] for decision in served.status()["decisions"]]
    for number in (1, 2):
        assert any(f"models:/{NAME}/{number} (run " in message for message in messages), messages
        assert any(registered.versions[number].sha256 in message for message in messages), messages


def test_a_version_stays_when_the_alias_moves(
    harness: ClusterHarness, namespace: str, registered: Registered
) -> None:
    registered.promote(2)
    served = lstm(harness, namespace, f"models:/{NAME}/1").apply().wait_ready()
    assert serves(served, registered, 1)


def test_serving_goes_on_while_the_registry_is_away(
    harness: ClusterHarness, namespace: str, registered: Registered
) -> None:
    registered.promote(1)
    served = lstm(harness, namespace).apply().wait_ready()
    registered.mlflow.scale(0)
    try:
        condition = served.wait_reason("ArtifactResolved", "RegistryUnreachable")
        assert URI in condition
        assert "since" in condition
        harness.restart_operator()
        assert "since" in served.wait_reason("ArtifactResolved", "RegistryUnreachable")
        assert served.holds("Available")
        assert answered(served, registered.trained[1])[0] == "1"
        assert len(served.pods()) == 1
    finally:
        registered.mlflow.scale(1)
    eventually(lambda: served.holds("ArtifactResolved"), that="resolved again")
    assert serves(served, registered, 1)


def test_an_alias_that_names_nothing_is_said_and_mended(
    harness: ClusterHarness, namespace: str, registered: Registered
) -> None:
    served = lstm(harness, namespace, f"models:/{NAME}@shadow").apply()
    condition = served.wait_reason("ArtifactResolved", "AliasNotFound")
    assert "shadow" in condition
    registered.promote(2, "shadow")
    eventually(lambda: serves(served, registered, 2), within=120, that="version 2 serves")


@pytest.fixture(scope="module")
def lines(mlflow: ClusterMlflow, tmp_path_factory: pytest.TempPathFactory) -> Lines:
    return register_lines(mlflow, tmp_path_factory.mktemp("lines"))


def test_a_moved_alias_is_a_canary_whose_version_is_in_the_status(
    harness: ClusterHarness, namespace: str, lines: Lines
) -> None:
    source = {"uri": lines.promote(1, "model")}
    changes = {"spec.model": {"source": source}, "spec.rollout": BY_STEPS}
    served = harness.model(namespace, **changes).apply().wait_ready()
    assert versions(served) == ("1", None)
    with served.called_throughout() as caller:
        lines.promote(2, "model")
        message = served.wait_reason("Ready", "Paused")
        assert "gets 50 % of new connections" in message
        assert versions(served) == ("1", "2")
        both = {tuple(LINEAR), tuple(TRIPLE)}
        eventually(lambda: shares(caller) == both, that="both versions answer")

        new = served.canary()
        served.command("promote", f"{new}/1")
        served.wait_ready().wait_answer(TRIPLE)
    assert caller.failures == []
    assert {tuple(answer) for answer in caller.answers} == both
    status = served.status()
    assert (status["stable"]["revision"], versions(served)) == (new, ("2", None))
    expected = {
        "version": "2",
        "uri": f"models:/{lines.versions[2].name}/2",
        "runId": lines.versions[2].run_id,
        "sha256": lines.versions[2].sha256,
    }
    assert expected.items() <= status["model"].items()


def versions(served: Served) -> tuple[str, str | None]:
    """Return the version of the stable revision, and that of the canary if there is one."""
    status = served.status()
    return status["stable"]["version"], (status.get("canary") or {}).get("version")


def test_a_canary_of_a_pipeline_never_mixes_the_versions_of_its_steps(
    harness: ClusterHarness, namespace: str, lines: Lines
) -> None:
    served = chain(harness, namespace)
    model = {"source": {"uri": lines.promote(1, "pipeline")}}
    steps = [
        {**{key: value for key, value in step.items() if key != "modelRef"}, "model": model}
        for step in served.manifest["spec"]["steps"]
    ]
    served.apply(**{"spec.steps": steps, "spec.rollout": BY_STEPS}).wait_ready()
    old, new = (1.0, *LINEAR_TWICE), (2.0, *TRIPLE_TWICE)
    with served.called_throughout() as caller:
        lines.promote(2, "pipeline")
        served.wait_reason("Ready", "Paused")
        assert versions(served) == ("1", "2")
        assert served.status()["stepVersions"] == "first:1,second:1"
        paused = len(caller.answers)

        def by_set() -> Counter[tuple[float, ...]]:
            return Counter(tuple(answer) for answer in caller.answers[paused:])

        eventually(
            lambda: min(by_set()[each] for each in (old, new)) >= 100,
            that=lambda: f"100 answers of each set during the canary: {by_set()}",
        )
        served.command("promote", f"{served.canary()}/1")
        served.wait_ready().wait_answer(list(new))
        asked = len(caller.answers)
        eventually(lambda: len(caller.answers) > asked + 100, that="answers after the promotion")
    assert caller.failures == []
    assert {tuple(answer) for answer in caller.answers} == {old, new}
    assert versions(served) == ("2", None)
    assert served.status()["stepVersions"] == "first:2,second:2"
