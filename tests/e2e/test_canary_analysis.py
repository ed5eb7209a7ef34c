"""Canaries that a real Prometheus judges: promoted, taken back, or held, while clients call.

All units of the module live at the same time, so their waits overlap.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from hack.services.prometheus import LocalPrometheus
from inference_operator.adapters.prometheus.answer_reader import read_whole
from inference_operator.adapters.prometheus.user_value import UserValue
from inference_operator.domain.measurement import NoValue
from tests.e2e.harness import ClusterHarness
from tests.e2e.judged import ERRORS, FILES, MEAN, Judged, compared, model, pipeline
from tests.e2e.monitoring import Tenant, measuring_operator, shared_namespace
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


@dataclass
class Scene:
    """The units with their first canaries, by what becomes of them."""

    prometheus: LocalPrometheus
    tenant: Tenant
    namespace: str
    good: Judged
    failing: Judged
    sleeping: Judged
    silent: Judged
    chain: Judged

    @property
    def called(self) -> tuple[Judged, ...]:
        return self.good, self.failing, self.sleeping, self.chain

    def ask(self, query: str) -> float:
        """Return the value of one series; 0 if there is none."""
        value = read_whole(self.prometheus.query(query, time.time()), UserValue()).value
        return 0.0 if isinstance(value, NoValue) else value


@pytest.fixture(scope="module")
def namespace(harness: ClusterHarness) -> Iterator[str]:
    """Make a namespace for all units of the module."""
    with shared_namespace(harness) as name:
        yield name


@pytest.fixture(scope="module")
def prometheus(
    harness: ClusterHarness, tmp_path_factory: pytest.TempPathFactory, tenant: Tenant
) -> Iterator[LocalPrometheus]:
    """Run a Prometheus, and have the operator ask it each two seconds."""
    with measuring_operator(harness, tmp_path_factory.mktemp("prometheus"), tenant) as running:
        yield running


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    return Tenant()


@pytest.fixture(scope="module")
def scene(
    harness: ClusterHarness, namespace: str, prometheus: LocalPrometheus, tenant: Tenant
) -> Iterator[Scene]:
    """Start all units, call all but one, and give each its canary."""
    for path, content in FILES.items():
        harness.store.upload_bytes(content, path)
    scene = Scene(
        prometheus,
        tenant,
        namespace,
        good=model(harness, namespace, "good", ERRORS),
        failing=model(harness, namespace, "failing", ERRORS),
        sleeping=model(harness, namespace, "sleeping", ERRORS, MEAN, window="30s"),
        silent=model(harness, namespace, "silent", ERRORS),
        chain=pipeline(harness, namespace, ERRORS),
    )
    # A mean wants 200 requests in each window. The canary has 25 a second; on a busy node, fewer.
    scene.sleeping.requests_per_second = 50
    try:
        for unit in scene.called:
            unit.ready().called()
        scene.silent.ready().change("good")
        for unit, version in zip(
            scene.called, ("good", "failing", "sleeping", "failing"), strict=True
        ):
            unit.change(version)
        yield scene
    finally:
        for unit in scene.called:
            unit.close()


def test_the_shipped_configuration_finds_the_pods(scene: Scene) -> None:
    name = scene.good.served.name
    labels = f'namespace="{scene.namespace}",inference_aipx_io_name="{name}"'
    (pod,) = {each.removeprefix("Pod/") for each in scene.good.served.pods()[:1]}
    pods = f'{labels},pod="{pod}"'
    eventually(lambda: scene.ask(f"sum(up{{{pods}}})") == 2, that="both ports of the pod")
    requests = f"sum(nv_inference_request_success{{{pods},endpoint='metrics'}})"
    eventually(lambda: scene.ask(requests) > 0, that="Triton's requests")
    probes = f"sum(inference_operator_probe_requests_total{{{pods},endpoint='probe'}})"
    eventually(lambda: scene.ask(probes) > 0, that="the sidecar's requests")


def test_a_good_version_is_promoted_whatever_other_tenants_say(scene: Scene) -> None:
    good = scene.good
    canary = good.wait_canary()
    pods = {each.removeprefix("Pod/") for each in good.served.pods() if canary in each}
    # The same names in a namespace of its own, and a pod that does not exist in ours.
    scene.tenant.model = good.model
    scene.tenant.pods = {("tenant", pod) for pod in pods}
    scene.tenant.pods.add((scene.namespace, f"good-{canary}-00000-00000"))
    failures = "sum(rate(nv_inference_request_failure{job='tenant'}[10s]))"
    eventually(lambda: scene.ask(failures) > 50, that="failures of the other tenant")
    good.wait_promoted()
    assert good.served.stable() == canary
    assert not good.result().failed, good.result().describe()


def test_a_failing_version_is_taken_back(scene: Scene) -> None:
    aborted = scene.failing.wait_taken_back()
    assert "errors" in aborted["message"]
    since = time.monotonic() + 5
    eventually(lambda: len(scene.failing.result().answered(since)) > 20, that="answers afterwards")
    late = [each for each in scene.failing.result().failed if each.at >= since]
    assert not late, "clients are with the stable version again"


def test_a_failing_set_of_a_pipeline_is_taken_back(scene: Scene) -> None:
    aborted = scene.chain.wait_taken_back()
    assert "errors" in aborted["message"]
    # Every second request fails. Triton reports each failure twice, which would make 67 %.
    ((failed, every),) = re.findall(r"errors: (\d+) of (\d+) requests failed", aborted["message"])
    assert 0.35 <= int(failed) / int(every) <= 0.6, aborted


def test_a_sleeping_version_is_taken_back(scene: Scene) -> None:
    aborted = scene.sleeping.wait_taken_back()
    assert "mean" in aborted["message"]
    assert not scene.sleeping.result().failed, scene.sleeping.result().describe()


def test_a_silent_service_holds(scene: Scene) -> None:
    canary = scene.silent.wait_canary()
    scene.silent.served.wait_reason("Ready", "AnalysisHolding")
    assert scene.silent.verdict() == "LowTraffic"
    # Its sidecars have sent more than twenty requests by now.
    (errors,) = scene.silent.served.status()["analysis"]["metrics"]
    assert errors.get("samples", 0) <= 2, errors
    assert scene.silent.served.canary() == canary
    assert scene.silent.served.stable() == scene.silent.old


@pytest.mark.long
@pytest.mark.usefixtures("prometheus")
def test_new_pods_of_the_stable_version_are_compared_with(
    harness: ClusterHarness, namespace: str
) -> None:
    for path, content in FILES.items():
        harness.store.upload_bytes(content, path)
    unit = compared(harness, namespace, "new-pods").ready().called()
    try:
        unit.change("good")
        served, name = unit.served, f"new-pods-{unit.old}-baseline"
        eventually(
            lambda: (served.status().get("baseline") or {}).get("ready") == 1,
            within=180,
            that=served.describe,
        )
        assert f"Deployment/{name}" in served.children()
        assert served.status()["replicas"] == 1
        selector = served.status()["selector"]
        pods = harness.kubectl.get("pods", "-n", namespace, "-l", selector)["items"]
        assert [name in pod["metadata"]["name"] for pod in pods] == [False]
        unit.wait_promoted(within=240)
        eventually(lambda: served.has_no_pod_of(unit.old), within=90, that=served.describe)
        promoted = [each for each in served.events() if each.startswith("Promoted")]
        assert any("stable is the baseline of 1 pod" in each for each in promoted), promoted
        assert served.status().get("baseline") is None
    finally:
        unit.close()


def test_a_canary_holds_while_prometheus_is_down_and_goes_on_afterwards(scene: Scene) -> None:
    units = scene.failing, scene.chain
    for unit in units:
        unit.change("good")
    canaries = [unit.wait_canary() for unit in units]
    scene.prometheus.stop()
    for unit in units:
        eventually(lambda unit=unit: unit.verdict() == "Error", that=unit.served.describe)
        unit.served.wait_reason("Ready", "AnalysisHolding")
    assert scene.failing.served.condition("MetricsAvailable")["status"] == "False"
    assert [unit.served.canary() for unit in units] == canaries
    scene.prometheus.start()
    for unit, canary in zip(units, canaries, strict=True):
        unit.wait_promoted()
        assert unit.served.stable() == canary
