"""The gateway of a cluster: what Traefik does with routes that have weights, headers and faults."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hack.cluster import gateway, lifecycle
from hack.cluster.gateway import Gateway
from hack.cluster.kubectl import Kubectl
from hack.cluster.layout import Cluster
from hack.load.clients import Request, Target
from hack.load.steady_load import Pace, SteadyLoad
from inference_operator.adapters.prometheus.gateway_scope import (
    LABEL,
    TRAEFIK_METRIC,
    GatewayScope,
    by_service,
)
from inference_operator.domain.measurement import Family, FamilySamples, Sample, ServiceName
from tests.e2e.waiting import eventually
from tests.fakes.inference_server import FakeInferenceServer

from .conftest import NAME
from .routing import (
    CANARY_HEADER,
    GRPC,
    HOSTNAMES,
    HTTP,
    NAMESPACE,
    conditions,
    is_accepted,
    route,
    services,
)

pytestmark = pytest.mark.cluster
KINDS = (HTTP, GRPC)
PROTOCOLS = ("HTTP", "gRPC")
STABLE, CANARY = "3", "4"


@pytest.fixture(scope="module")
def running(cluster: Cluster) -> Gateway:
    return gateway.start(NAME)


@pytest.fixture(scope="module")
def target(cluster: Cluster, running: Gateway) -> Iterator[Target]:
    """A stable server and a canary, with a route of each kind to both."""
    kubectl = Kubectl(cluster.kubeconfig)
    kubectl("create", "namespace", NAMESPACE)
    with (
        FakeInferenceServer(STABLE, cluster.host_address) as stable,
        FakeInferenceServer(CANARY, cluster.host_address) as canary,
    ):
        kubectl.apply(*services({"stable": stable, "canary": canary}))
        lead(kubectl, 90)
        yield Target(running.address, running.address, HOSTNAMES[HTTP], HOSTNAMES[GRPC])
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def lead(kubectl: Kubectl, stable: int) -> None:
    """Lead that many of 100 requests to the stable server, and the others to the canary."""
    kubectl.apply(*(route(kind, {"stable": stable, "canary": 100 - stable}) for kind in KINDS))
    for kind in KINDS:
        eventually(lambda kind=kind: is_accepted(kubectl, kind), within=20, that=f"{kind} accepted")


def await_share(target: Target, stable: float) -> None:
    """Wait until the share of the stable server is that, from 0 to 1, within 1 point.

    Traefik routes by new weights up to 0.3 s after it has reported them in the route's status.
    """

    def shares_are_right() -> bool:
        with SteadyLoad(target, Pace(1000, 400)) as load:
            result = load.wait()
        shares = [result.of(protocol).share(STABLE) for protocol in PROTOCOLS]
        return all(abs(share - stable) <= 0.01 for share in shares)

    eventually(shares_are_right, within=20, that=f"{stable:.0%} to the stable server")


def test_the_gateway_is_a_process_of_the_cluster_that_is_started_once(
    cluster: Cluster, running: Gateway
) -> None:
    current = lifecycle.current(NAME)
    assert current is not None
    pid = current.processes.pid(gateway.PROGRAM)
    assert f"/{cluster.cgroup}/" in Path(f"/proc/{pid}/cgroup").read_text()
    assert gateway.start(NAME) == running
    assert current.processes.pid(gateway.PROGRAM) == pid


def test_its_address_is_on_the_command_line(running: Gateway) -> None:
    command = [sys.executable, "-m", "hack.cluster", "gateway", "--name", NAME]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"HTTP and gRPC: {running.address}" in done.stdout
    assert f"metrics: {running.metrics}" in done.stdout


def test_its_identity_may_read_routes_and_write_nothing_but_their_status(running: Gateway) -> None:
    current = lifecycle.current(NAME)
    assert current is not None
    kubectl = Kubectl(current.plane.kubeconfig(gateway.USER))

    def may(*words: str) -> bool:
        return kubectl.succeeds("auth", "can-i", *words, "--all-namespaces")

    routes = f"httproutes.{gateway.GROUP}"
    assert may("list", routes)
    assert may("update", routes, "--subresource=status")
    assert not may("update", routes)
    assert not may("create", "deployments.apps")
    assert not may("list", "pods")


def test_weights_are_exact_over_1000_requests_of_each_protocol(target: Target) -> None:
    await_share(target, 0.9)
    with SteadyLoad(target, Pace(500, 2000)) as load:
        result = load.wait()
    assert not result.failed, result.describe()
    for protocol in PROTOCOLS:
        assert len(result.of(protocol).answered()) == 1000
        assert result.of(protocol).share(STABLE) == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize(
    ("value", "share"), [(CANARY_HEADER["value"], 1.0), ("Always", 0.1), ("always2", 0.1)]
)
def test_a_header_is_matched_exactly(target: Target, value: str, share: float) -> None:
    request = Request(headers={CANARY_HEADER["name"]: value})
    with SteadyLoad(target, Pace(500, 400), request) as load:
        result = load.wait()
    assert not result.failed, result.describe()
    for protocol in PROTOCOLS:
        assert result.of(protocol).share(CANARY) == pytest.approx(share, abs=0.01)


def test_new_weights_become_effective_without_a_failed_request(
    kubectl: Kubectl, target: Target
) -> None:
    with SteadyLoad(target, Pace(200)) as load:
        for stable in (0.5, 0.0, 1.0, 0.0):
            lead(kubectl, round(100 * stable))
            eventually(lambda stable=stable: has_share(load, stable), within=15, that=f"{stable}")
        effective = time.monotonic()
        time.sleep(1)
    result = load.result()
    assert not result.failed, result.describe()
    for protocol in PROTOCOLS:
        assert result.of(protocol).share(CANARY, since=effective) == 1


def has_share(load: SteadyLoad, stable: float) -> bool:
    """Return whether the stable server answered that share of the last half second's requests."""
    result, since = load.result(), time.monotonic() - 0.5
    if any(len(result.of(protocol).answered(since)) < 20 for protocol in PROTOCOLS):
        return False
    shares = [result.of(protocol).share(STABLE, since) for protocol in PROTOCOLS]
    return all(
        share == pytest.approx(stable, abs=0.05 if 0 < stable < 1 else 0) for share in shares
    )


def test_a_hostname_belongs_to_one_kind_of_route(kubectl: Kubectl, target: Target) -> None:
    kubectl.apply(route(GRPC, {"stable": 1}, name="late", hostnames=[HOSTNAMES[HTTP]]))
    accepted = await_condition(kubectl, GRPC, "late", "Accepted")
    # Traefik gives the reason alone.
    expected = ("False", "HostnameConflict", "")
    assert (accepted["status"], accepted["reason"], accepted["message"]) == expected
    assert is_accepted(kubectl, HTTP)
    kubectl("delete", "grpcroute", "late", "-n", NAMESPACE)


def test_the_share_of_a_missing_service_answers_500(kubectl: Kubectl, target: Target) -> None:
    host = "lost.example.com"
    kubectl.apply(route(HTTP, {"stable": 50, "gone": 50}, name="lost", hostnames=[host]))
    resolved = await_condition(kubectl, HTTP, "lost", "ResolvedRefs")
    assert (resolved["status"], resolved["reason"]) == ("False", "BackendNotFound")
    assert f'{NAMESPACE}/gone: getting service: service "gone" not found' in resolved["message"]
    assert conditions(kubectl, HTTP, "lost")["Accepted"]["status"] == "True"
    lost = replace(target, http_host=host)
    eventually(lambda: not errors(lost).get("404"), within=20, that="the route is there")
    assert errors(lost) == {"500": 100}
    kubectl("delete", "httproute", "lost", "-n", NAMESPACE)


def await_condition(kubectl: Kubectl, kind: str, name: str, of_type: str) -> dict[str, Any]:
    """Return the condition of a route's present generation, as soon as the gateway gives it."""
    seen = eventually(lambda: conditions(kubectl, kind, name).get(of_type), within=20, that=of_type)
    assert seen
    return seen


def errors(target: Target) -> Counter[str]:
    """Return how many of 200 HTTP requests failed, by status code."""
    with SteadyLoad(target, Pace(500, 400)) as load:
        failed = load.wait().of("HTTP").failed
    return Counter(outcome.error.partition(":")[0] for outcome in failed)


def test_an_unknown_hostname_is_not_found(running: Gateway, target: Target) -> None:
    request = urllib.request.Request(f"http://{running.address}/", headers={"Host": "example.org"})
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(request, timeout=5)


def test_its_metrics_have_short_buckets_for_each_service(running: Gateway, target: Target) -> None:
    with urllib.request.urlopen(running.metrics, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    buckets = [
        line for line in lines if line.startswith("traefik_service_request_duration_seconds_bucket")
    ]
    for service in ("stable", "canary"):
        mine = [line for line in buckets if service in line]
        assert any('le="0.001"' in line for line in mine), buckets[:20]


def test_the_label_of_a_histogram_names_the_service_of_a_track(
    kubectl: Kubectl, running: Gateway, target: Target
) -> None:
    lead(kubectl, 90)
    await_share(target, 0.9)
    answers = {Family.GATEWAY_FRESHNESS: of_metrics(running)}
    services = [ServiceName(NAMESPACE, name) for name in ("stable", "canary", "other")]
    of_services = by_service(answers, services, GatewayScope())
    assert {service.name for service in of_services} == {"stable", "canary"}
    for samples in of_services.values():
        # One of each kind of route at least.
        kinds = {sample.labels[0].partition("-")[0] for sample in samples[Family.GATEWAY_FRESHNESS]}
        assert kinds == {"httproute", "grpcroute"}


def of_metrics(running: Gateway) -> FamilySamples:
    """Return the labels of Traefik's histogram, as Prometheus would have them."""
    with urllib.request.urlopen(running.metrics, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    labels = {
        line.partition(f'{LABEL}="')[2].partition('"')[0]
        for line in lines
        if line.startswith(f"{TRAEFIK_METRIC}{{")
    }
    samples = tuple(Sample(None, None, (label, "a:8082"), 1.0) for label in sorted(labels))
    return FamilySamples(samples, 0, 0, ())


def test_a_gateway_that_ended_is_started_again(kubectl: Kubectl, target: Target) -> None:
    current = lifecycle.current(NAME)
    assert current is not None
    pid = current.processes.pid(gateway.PROGRAM)
    assert pid is not None
    subprocess.run(["kill", "-KILL", str(pid)], check=True)
    eventually(lambda: not current.processes.alive(gateway.PROGRAM), within=10)
    gateway.start(NAME)
    lead(kubectl, 90)
    await_share(target, 0.9)
