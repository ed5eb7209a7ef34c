"""Versions that get their clients by steps through a real gateway, while clients call it."""

import os
import time
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pytest

from hack.cluster import gateway
from hack.load.clients import CLIENTS, Request, Target
from hack.load.steady_load import Pace, Result, SteadyLoad
from inference_operator.resources.pod import DRAIN_SECONDS
from tests.e2e.harness import ClusterHarness
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e
# Beside three other workers on 2 cores, the stub processes of Triton starve and are restarted.
under_load = pytest.mark.long
KINDS = ("httproute", "grpcroute")
HEADER = {"name": "x-canary", "value": "always"}
STEPS: list[dict[str, Any]] = [
    {"setWeight": 10},
    {"pause": {}},
    {"setWeight": 50},
    {"pause": {}},
]
HALF = STEPS[2:]
LINEAR, TRIPLE = "linear", "triple"
# 2x + 1 and 3x tell the two artifacts apart at x = 2.
REQUEST = Request(values=(2.0,) * 4, versions={5.0: LINEAR, 6.0: TRIPLE})
# The gateway answers by new weights up to 0.5 s after it has reported them.
SETTLED_SECONDS = 0.7


@dataclass(frozen=True)
class Routed:
    """A model that answers as LINEAR behind a gateway, and whose next versions come by steps."""

    served: Served
    target: Target
    triple: str
    steps: list[dict[str, Any]]

    def load(self, pace: Pace, **headers: str) -> SteadyLoad:
        request = Request(values=REQUEST.values, versions=REQUEST.versions, headers=headers)
        return SteadyLoad(self.target, pace, request)

    def start_canary(self) -> str:
        """Apply the other artifact, wait until it has its first weight; return its revision."""
        self.served.apply(**{"spec.model.source.uri": self.triple})
        self.wait_weight(self.steps[0]["setWeight"])
        return self.served.canary()

    def promote(self, step: int) -> None:
        self.served.command("promote", f"{self.served.canary()}/{step}")

    def wait_weight(self, weight: int, other_than: str = "") -> None:
        """Wait until a canary is at the pause behind this weight."""
        index = self.steps.index({"setWeight": weight}) + 1

        def is_there() -> bool:
            status = self.served.status()
            canary, rollout = status.get("canary") or {}, status.get("rollout") or {}
            is_other = canary.get("revision") not in {None, other_than}
            at_step = rollout.get("currentStepIndex") == index
            return is_other and at_step and canary.get("weight") == weight

        eventually(is_there, that=lambda: f"{weight} % to the canary\n{self.served.describe()}")

    def weights(self) -> list[dict[str, int]]:
        """Return the weights of both routes, by the last word of the Service's name."""
        specs = [
            self.served.cluster.get(k, self.served.name, "-n", self.served.namespace)["spec"]
            for k in KINDS
        ]
        refs = [spec["rules"][-1]["backendRefs"] for spec in specs]
        return [{ref["name"].rpartition("-")[2]: ref["weight"] for ref in each} for each in refs]

    def restarts(self) -> dict[str, int]:
        """Return how often the container of each pod that stays was restarted."""
        pods = self.served.cluster.get("pods", "-n", self.served.namespace)["items"]
        return {
            pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"]
            for pod in pods
            if "deletionTimestamp" not in pod["metadata"]
        }

    def wait_ended(self, revision: str) -> None:
        """Wait until the pods of a revision end, and their servers refuse requests."""
        eventually(
            lambda: not any(revision in name for name in self.restarts()),
            that=lambda: f"pods of {revision} end\n{self.served.pods()}",
        )
        time.sleep(DRAIN_SECONDS + 2)


@pytest.fixture(scope="module")
def address(harness: ClusterHarness) -> str:
    return gateway.start(os.environ["CLUSTER_NAME"]).address


@pytest.fixture
def routed(harness: ClusterHarness, namespace: str, address: str) -> Routed:
    """A model with two pods, whose canary gets 10 % and then 50 %."""
    return serve(harness.model(namespace), harness, address, STEPS, replicas=2)


@pytest.fixture
def small(harness: ClusterHarness, namespace: str, address: str) -> Routed:
    """A model with one pod, whose canary gets 50 %."""
    return serve(harness.model(namespace), harness, address, HALF, replicas=1)


def serve(
    served: Served,
    harness: ClusterHarness,
    address: str,
    steps: list[dict[str, Any]],
    *,
    replicas: int,
) -> Routed:
    """Apply the model with these steps, and wait until both its routes answer."""
    namespace = served.namespace
    http, grpc = f"{namespace}.example.com", f"{namespace}-grpc.example.com"
    canary: dict[str, Any] = {
        "steps": steps,
        "abortScaleDownDelay": "3s",
        "gateway": {
            "parentRefs": [gateway.parent_ref()],
            "http": {"hostnames": [http]},
            "grpc": {"hostnames": [grpc]},
            "header": HEADER,
        },
    }
    rollout = {"canary": canary, "scaleDownDelay": "3s"}
    served.apply(**{"spec.rollout": rollout, "spec.replicas": replicas}).wait_ready()
    # The operator notices within a minute that the Gateway API's CRDs have been installed.
    eventually(lambda: served.holds("GatewayProgrammed"), that=served.describe)
    triple = harness.store.uri("triple/model.onnx")
    made = Routed(served, Target(address, address, http, grpc), triple, steps)
    # A new route answers 404 for a moment after the gateway has reported it.
    eventually(lambda: not sent(made, 20).failed, within=20, that="both routes answer")
    return made


def sent(routed: Routed, number: int, **headers: str) -> Result:
    with routed.load(Pace(500, number), **headers) as load:
        return load.wait()


def shares(result: Result, version: str, since: float = float("-inf")) -> list[float]:
    """Return the share of a version among the answers of each protocol."""
    return [result.of(protocol).share(version, since) for protocol in CLIENTS]


def await_answers(load: SteadyLoad, number: int, since: float) -> Result:
    """Wait until each protocol has so many answers of requests since then."""

    def has_enough() -> bool:
        result = load.result()
        return all(len(result.of(each).answered(since)) >= number for each in CLIENTS)

    eventually(has_enough, that=lambda: f"{number} answers of each; {load.result().describe()}")
    return load.result()


def settled() -> float:
    """Wait until the gateway answers by the weights of its routes' statuses; return the time."""
    time.sleep(SETTLED_SECONDS)
    return time.monotonic()


def test_a_canary_gets_half_of_the_requests_and_then_all_without_a_failure(small: Routed) -> None:
    served, old = small.served, small.served.stable()
    half = pytest.approx([0.5, 0.5], abs=0.1)
    with small.load(Pace(30)) as load:
        new = small.start_canary()
        eventually(
            lambda: shares(latest(load, 100), TRIPLE) == half,
            that=lambda: f"half of the last answers; {load.result().describe()}",
        )
        small.promote(1)
        served.wait_ready()
        small.wait_ended(old)
        since = time.monotonic()
        result = await_answers(load, 50, since)
    assert not result.failed, result.describe()
    assert shares(result, TRIPLE, since) == [1, 1]
    assert served.stable() == new
    assert small.weights() == [{"stable": 100, "canary": 0}] * 2


def latest(load: SteadyLoad, number: int) -> Result:
    """Return the last answers of each protocol."""
    result = load.result()
    answers = (result.of(protocol).answered()[-number:] for protocol in CLIENTS)
    return Result(tuple(chain.from_iterable(answers)))


@under_load
def test_a_promotion_by_steps_fails_none_of_20_000_requests(routed: Routed) -> None:
    served, old = routed.served, routed.served.stable()
    with routed.load(Pace(500, connections=8)) as load:
        began = time.monotonic()
        new = routed.start_canary()
        since = settled()
        testers = sent(routed, 100, **{HEADER["name"]: HEADER["value"]})
        assert testers.by_version == {TRIPLE: 100}, testers.describe()
        result = await_answers(load, 2000, since)
        assert shares(result, TRIPLE, since) == pytest.approx([0.1, 0.1], abs=0.02)

        routed.promote(1)
        routed.wait_weight(50)
        since = settled()
        pods = {name for name in routed.restarts() if new in name}
        result = await_answers(load, 500, since)
        assert shares(result, TRIPLE, since) == pytest.approx([0.5, 0.5], abs=0.02)

        routed.promote(3)
        served.wait_ready()
        routed.wait_ended(old)
        await_answers(load, 10_000, began)
        result = load.result()
    assert not result.failed, result.describe()
    assert served.stable() == new
    later = sent(routed, 100)
    assert later.by_version == {TRIPLE: 100}, later.describe()
    restarts = routed.restarts()
    assert pods
    assert pods <= restarts.keys(), "the same pods serve"
    assert set(restarts.values()) == {0}
    assert routed.weights() == [{"stable": 100, "canary": 0}] * 2


@under_load
def test_an_edit_and_an_abort_at_50_percent_fail_no_request(
    routed: Routed, harness: ClusterHarness
) -> None:
    served, old = routed.served, routed.served.stable()
    with routed.load(Pace(400, connections=8)) as load:
        former = routed.start_canary()
        routed.promote(1)
        routed.wait_weight(50)
        edited = settled()
        served.apply(**{"spec.triton.dynamicBatching": {"maxQueueDelay": "2ms"}})
        routed.wait_weight(10, other_than=former)
        routed.wait_ended(former)
        await_answers(load, 2500, edited)

        routed.promote(1)
        routed.wait_weight(50)
        aborted, before = served.canary(), harness.audit_position()
        served.command("abort", aborted)
        served.wait_reason("Ready", "RolloutAborted")
        since = settled()
        assert routed.weights() == [{"stable": 100, "canary": 0}] * 2
        routed.wait_ended(aborted)
        result = await_answers(load, 200, since)
    assert not result.failed, result.describe()
    assert shares(result, LINEAR, since) == [1, 1]
    assert served.stable() == old
    place = f"/namespaces/{served.namespace}/"
    writes = [write for write in harness.writes_of_operator(before) if place in write]
    assert [sum(f"{kind}s/" in write for write in writes) for kind in KINDS] == [1, 1], writes
