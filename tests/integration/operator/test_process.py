"""The process itself: probes, metrics, logs, and a start before the kind exists."""

import http.client
import json
import time

import pytest

from hack.cluster.apiserver import ApiServer
from hack.services.operator_process import OperatorProcess, operator_process
from tests.conftest import CRDS, install_crds
from tests.fakes.bodies import source
from tests.integration.operator.harness import PIPELINE, NamespaceHarness
from tests.integration.operator.waiting import KOPF_PATIENCE, eventually

pytestmark = pytest.mark.integration


def test_probes_and_metrics(operator: OperatorProcess, scene: NamespaceHarness) -> None:
    assert operator.ask("/healthz") == (200, "healthy")
    assert operator.ask("/readyz") == (200, "ready")
    scene.apply(model=source(1))
    scene.await_pods(1)

    eventually(lambda: operator.metric("inference_operator_passes_total", outcome="changed") >= 1)
    requests = "inference_operator_api_requests_total"
    assert operator.metric(requests, verb="PATCH", resource="deployments", code="201") == 1
    assert operator.metric("inference_operator_pass_duration_seconds_count") >= 1
    assert operator.metric("inference_operator_errors_total") == 0


def test_its_log_is_json_with_the_key_of_the_object(
    operator: OperatorProcess, scene: NamespaceHarness
) -> None:
    scene.apply(model=source(1))
    scene.await_pods(1)
    scene.await_ready()
    eventually(lambda: "Promoted" in operator.log)
    lines = [json.loads(line) for line in operator.log.splitlines()]

    (promotion,) = [line for line in lines if line.get("reason") == "Promoted"]
    assert promotion["unit"] == f"InferenceModel/{scene.namespace}/tape-reader"
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)


def test_a_scraper_that_keeps_its_connection_does_not_delay_the_end(
    operator: OperatorProcess,
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", operator.port)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read()

    assert operator.stop() < KOPF_PATIENCE


def test_ready_without_any_resource(operator: OperatorProcess) -> None:
    assert operator.ask("/readyz") == (200, "ready")


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ((), "inferencemodels and ensemblepipelines"),
        # An installation that is older than pipelines.
        (("inferencemodels",), "ensemblepipelines"),
    ],
)
def test_it_waits_for_a_kind_that_is_not_there_yet(there: tuple[str, ...], missing: str) -> None:
    with ApiServer(controller_manager=True) as server:
        for plural in there:
            path = CRDS / f"inference.aipx.io_{plural}.yaml"
            server.kubectl("apply", "--server-side", "-f", str(path))
            server.kubectl.wait_for_crds()
        with operator_process(server.kubeconfig, {}) as process:
            message = f"does not know {missing}; apply the CRDs of this version (crds/)"
            eventually(lambda: message in process.log, lambda: process.log)
            assert process.ask("/healthz")[0] == 200
            assert process.ask("/readyz")[0] == 503

            install_crds(server)
            process.await_ready()
            scene = NamespaceHarness.new(server)
            scene.apply(model=source(1))
            scene.await_pods(1)
            scene.await_ready()


def test_a_deleted_crd_ends_nothing_and_is_found_when_it_comes_back() -> None:
    with ApiServer(controller_manager=True) as server:
        install_crds(server)
        with operator_process(server.kubeconfig, {}) as process:
            process.await_ready()
            name = "ensemblepipelines.inference.aipx.io"
            server.kubectl("annotate", "crd", name, "inference.aipx.io/delete-models=true")
            server.kubectl("delete", "crd", name)
            absent = "does not serve /apis/inference.aipx.io/v1alpha1/ensemblepipelines"
            eventually(lambda: absent in process.log, lambda: process.log)
            scene = NamespaceHarness.new(server)
            scene.apply(model=source(1))
            scene.await_pods(1)
            scene.await_ready()

            install_crds(server)
            scene.apply_pipeline()
            eventually(lambda: scene.condition("Ready", f"epipe/{PIPELINE}"), lambda: process.log)
            assert process.alive


def test_it_outlives_an_api_server_that_goes_away() -> None:
    with ApiServer() as server:
        install_crds(server)
        with operator_process(server.kubeconfig, {}) as process:
            process.await_ready()
            server._kill()
            time.sleep(2)
            assert process.alive, process.log
            assert process.ask("/healthz")[0] == 200
            assert process.stop() < 12
