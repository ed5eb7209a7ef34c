"""The shipped gateway and Redis in pods, before a trained price model that the operator serves.

The long test calls it while pods come, go and are killed.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch

from hack.cluster.target import target
from hack.demo.trained_models import trained_model
from hack.services.cluster_gateway import ClusterGateway, gateway_images, settings_of
from hack.services.cluster_store import NAME as STORE
from tests.e2e.harness import ClusterHarness
from tests.e2e.monitoring import shared_namespace
from tests.e2e.served import Served
from tests.e2e.test_registry import untrained
from tests.e2e.waiting import eventually
from training.data.prices import load_prices
from training.trained import read_trained

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
MODEL, KEY = "lstm-price-predictor", "key-of-the-test"
PRICE = "/api/v1/predict/price"
HEADERS = {"Authorization": f"Bearer {KEY}"}


@dataclass
class Scene:
    """A served model, and the gateway in front of it."""

    served: Served
    gateway: ClusterGateway

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://{self.gateway.address()}", timeout=30)

    def samples(self, name: str) -> float:
        """Return the sum of a counter over all pods of the gateway."""
        where = ("-n", self.gateway.namespace, "-l", "app.kubernetes.io/name=inference-gateway")
        pods = self.gateway.kubectl.get("pods", *where)["items"]
        addresses = [pod["status"]["podIP"] for pod in pods if pod["status"].get("podIP")]
        texts = [httpx.get(f"http://{each}:8005/metrics", timeout=10).text for each in addresses]
        lines = [line for text in texts for line in text.splitlines() if line.startswith(name)]
        return sum(float(line.rpartition(" ")[2]) for line in lines)


def shipped_model(harness: ClusterHarness, path: str) -> dict[str, Any]:
    """Upload the trained model, and return the `spec.model` that serves it."""
    trained = trained_model("lstm_price_predictor")
    harness.store.upload_bytes((trained / "model.pt").read_bytes(), path)
    signature = read_trained(trained).signature
    tensors = {
        side: [{"name": t.name, "dataType": t.data_type, "shape": list(t.shape)} for t in specs]
        for side, specs in (("inputs", signature.inputs), ("outputs", signature.outputs))
    }
    source = {"uri": harness.store.uri(path), "secretRef": {"name": STORE}}
    return {"source": source, "format": "torchscript", "maxBatchSize": 32, **tensors}


@pytest.fixture(scope="module")
def scene(harness: ClusterHarness) -> Iterator[Scene]:
    """Two pods of the model, two of the gateway, and Redis."""
    with shared_namespace(harness) as namespace:
        served = harness.model(
            namespace,
            MODEL,
            **{
                "spec.model": shipped_model(harness, "gateway/model.pt"),
                "spec.replicas": 2,
                "spec.service": {"headless": True},
                "spec.triton.parameters": {"INTRA_OP_THREAD_COUNT": "1"},
            },
        )
        served.apply()
        gateway = ClusterGateway(harness.kubectl, namespace)
        images = gateway_images(target())
        served.wait_ready(within=180)
        gateway.deploy(images, settings_of({"price": {"target": "price", "model": MODEL}}), KEY)
        yield Scene(served, gateway)


def bars() -> list[list[float]]:
    """Return 60 real bars of a share."""
    table = next(iter(load_prices().bars.values()))
    rows: list[list[float]] = table.to_numpy(np.float64)[-60:].tolist()
    return rows


def change_by(folder: Path) -> float:
    """Return the forecast of a network for these bars, by PyTorch."""
    network = torch.jit.load(folder / "model.pt")  # type: ignore[no-untyped-call]
    change, _ = network(torch.tensor([bars()], dtype=torch.float32))
    return float(change)


def test_a_request_is_answered_by_the_version_that_serves(scene: Scene) -> None:
    given = bars()
    change = change_by(trained_model("lstm_price_predictor"))
    with scene.client() as client:
        refused = client.post(PRICE, json={"symbol": "AAPL", "ohlcv_data": given})
        assert (refused.status_code, refused.json()["reason"]) == (401, "Unauthenticated")
        body = {"symbol": "AAPL", "ohlcv_data": given}
        answer = client.post(PRICE, json=body, headers=HEADERS).raise_for_status().json()
        assert answer["predicted_price"] == pytest.approx(given[-1][3] * change, rel=1e-4)
        assert answer["interval"]["lower"] < answer["predicted_price"] < answer["interval"]["upper"]
        assert 0.5 <= answer["confidence"] <= 1
        assert answer["freshness"] == "unknown"
        versions = client.get(f"/api/v1/models/{MODEL}/versions", headers=HEADERS).json()
        assert answer["model_version"] in str(versions)
        eventually(lambda: client.get("/ready").status_code == 200)
        # A pod keeps answers once it knows which version serves.
        eventually(lambda: client.post(PRICE, json=body, headers=HEADERS).json()["cached"])


@dataclass
class Load:
    """Callers that ask one after the other, each with bars that nobody asked about before."""

    address: str
    callers: int = 12
    codes: Counter[int | str] = field(default_factory=Counter)
    changes: Counter[float] = field(default_factory=Counter)
    """Forecasts to 4 places: the network takes bars of any size alike, so each network has one."""
    failures: list[str] = field(default_factory=list)
    _ends: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Load":
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        assert self._thread is not None
        self._thread.join(60)

    @property
    def answered(self) -> int:
        return self.codes[200]

    async def _run(self) -> None:
        async with httpx.AsyncClient(base_url=f"http://{self.address}", timeout=30) as client:
            await asyncio.gather(*(self._call(client, number) for number in range(self.callers)))

    async def _call(self, client: httpx.AsyncClient, number: int) -> None:
        random = np.random.default_rng(number)
        rows = np.asarray(bars())
        while not self._ends.is_set():
            scaled = rows * np.array([*[random.uniform(0.5, 2.0)] * 4, 1.0])
            body = {"symbol": "AAPL", "ohlcv_data": scaled.tolist()}
            try:
                response = await client.post(PRICE, json=body, headers=HEADERS)
            except httpx.HTTPError as error:
                self._failed(type(error).__name__, str(error))
                continue
            answer: dict[str, Any] = response.json()
            if response.status_code == 200:
                self.codes[200] += 1
                self.changes[round(answer["change"], 4)] += 1
            else:
                self._failed(response.status_code, str(answer.get("detail")))

    def _failed(self, kind: int | str, words: str) -> None:
        self.codes[kind] += 1
        if len(self.failures) < 20:
            self.failures.append(f"{kind}: {words}")


def answers_by_pod(served: Served) -> list[tuple[str, float]]:
    """Return the name of each pod, and how many requests it answered in a second."""
    where = ("-n", served.namespace, "-l", f"inference.aipx.io/name={served.name}")
    pods = served.cluster.get("pods", *where)["items"]
    addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods}

    def counts() -> dict[str, float]:
        texts = {
            name: httpx.get(f"http://{address}:8002/metrics", timeout=5).text
            for name, address in addresses.items()
        }
        return {
            name: sum(
                float(line.rpartition(" ")[2])
                for line in text.splitlines()
                if line.startswith("nv_inference_request_success{")
            )
            for name, text in texts.items()
        }

    before = counts()
    time.sleep(1)
    after = counts()
    return [(name, after[name] - before[name]) for name in addresses]


@pytest.mark.long
def test_not_one_of_twenty_thousand_requests_fails_while_pods_come_and_go(
    harness: ClusterHarness, scene: Scene, tmp_path: Path
) -> None:
    other = untrained(tmp_path / "other", seed=3)
    harness.store.upload_bytes((other / "model.pt").read_bytes(), "gateway/other.pt")
    uri = harness.store.uri("gateway/other.pt")
    first, second = (
        round(change_by(folder), 4) for folder in (trained_model("lstm_price_predictor"), other)
    )
    served, namespace = scene.served, scene.gateway.namespace
    before = scene.samples("inference_gateway_retries_total")
    with Load(scene.gateway.address()) as load:
        eventually(lambda: load.answered > 200, within=60, that=lambda: str(load.failures))
        assert load.changes.keys() == {first}
        former = served.stable()
        served.apply(**{"spec.model.source.uri": uri})
        eventually(
            lambda: served.holds("Ready") and served.stable() != former,
            within=240,
            that=served.describe,
        )
        eventually(lambda: served.has_no_pod_of(former), within=120, that=served.describe)
        assert load.changes.keys() == {first, second}
        load.changes.clear()

        busiest = max(answers_by_pod(served), key=lambda pair: pair[1])
        assert busiest[1] > 0
        harness.kill(namespace, busiest[0])
        served.apply(**{"spec.replicas": 3})
        served.wait_ready(within=180)
        served.apply(**{"spec.replicas": 1})
        eventually(lambda: len(served.pods()) == 1, within=120, that=served.describe)
        redis = ("-n", namespace, "-l", "app.kubernetes.io/name=redis")
        harness.kubectl("delete", "pod", *redis, "--grace-period=0", "--force")
        eventually(lambda: load.answered >= 20_000, within=300, that=lambda: str(load.codes))
    total = sum(load.codes.values())
    print(f"{load.codes}, {scene.samples('inference_gateway_retries_total') - before} retries")
    assert load.codes == {200: total}, load.failures
    assert load.changes.keys() == {second}, "a version answered that no pod served"
    assert scene.samples("inference_gateway_retries_total") - before <= 0.01 * total
