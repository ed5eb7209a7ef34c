"""Canaries judged by the histogram of a real Traefik, which a real Prometheus scrapes.

The routes come from a file, so that no cluster is needed: their services are named as those of the
Gateway API, and end in `@file`. tests/cluster/test_gateway.py has the labels of real routes.
"""

import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from hack.cluster import gateway_parts
from hack.services import server_process
from hack.services.prometheus import LocalPrometheus
from hack.services.server_process import free_ports
from inference_operator.adapters.prometheus.gateway_scope import TRAEFIK_SERVICE, GatewayScope
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisQuestion
from inference_operator.domain.measurement import ServiceName
from tests.integration.prometheus.exporter import exporter
from tests.integration.prometheus.measured_units import NAMESPACE, Unit, sweeps

pytestmark = pytest.mark.integration
P95 = {"name": "p95", "type": "Latency", "statistic": "p95", "max": "500ms"}
SLOW_SECONDS = 0.7
OF_THE_GATEWAY = "the gateway's histogram of the Service of each revision"
TRACKS = ("stable", "canary")
JUDGED_SECONDS = 60.0
# Requests on their way at a time, and seconds between two of one client.
CLIENTS, PAUSE_SECONDS = 4, 0.04
SCOPE = Scope(gateway=GatewayScope(service=TRAEFIK_SERVICE.replace("kubernetesgateway", "file")))


def slowly() -> str:
    time.sleep(SLOW_SECONDS)
    return ""


class GatewayUnit(Unit):
    """A unit whose tracks have a Service each."""

    @property
    def question(self) -> AnalysisQuestion:
        question = super().question
        canary = question.canary
        assert canary is not None
        services = {track: ServiceName(NAMESPACE, f"{self.name}-{track}") for track in TRACKS}
        return replace(
            question,
            stable=replace(question.stable, service=services["stable"]),
            canary=replace(canary, service=services["canary"]),
        )


def routes(backends: Mapping[str, str]) -> dict[str, object]:
    """Return Traefik's configuration: the Service of that name has that address and hostname."""
    names = {name: f"httproute-{NAMESPACE}-{name}-{'0f' * 10}-svc" for name in backends}
    services = {name: f"{prefix}-{NAMESPACE}-{name}-0" for name, prefix in names.items()}
    routers = {
        name: {"rule": f"Host(`{name}`)", "entryPoints": ["web"], "service": services[name]}
        for name in backends
    }
    servers = {
        services[name]: {"loadBalancer": {"servers": [{"url": f"http://{address}"}]}}
        for name, address in backends.items()
    }
    return {"http": {"routers": routers, "services": servers}}


@contextmanager
def traefik(folder: Path, backends: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the addresses of the routes and of the metrics."""
    web, admin = (f"127.0.0.1:{port}" for port in free_ports(2))
    (folder / "routes.yaml").write_text(json.dumps(routes(backends)))
    flags = {
        "entrypoints.web.address": web,
        "entrypoints.traefik.address": admin,
        "ping": "true",
        "providers.file.filename": str(folder / "routes.yaml"),
        # The file does not change, and a machine has only so many watches for all its programs.
        "providers.file.watch": "false",
        "metrics.prometheus.addserviceslabels": "true",
        "metrics.prometheus.buckets": "0.1,0.5,1,5",
        "global.checknewversion": "false",
        "global.sendanonymoususage": "false",
    }
    command: list[str | Path] = [
        gateway_parts.traefik(),
        *(f"--{name}={value}" for name, value in flags.items()),
    ]
    server = server_process.start("Traefik", command, folder / "traefik.log", cwd=folder)

    def answers() -> bool:
        try:
            return all(answered(web, name) for name in backends)
        except OSError:
            return False

    try:
        server_process.await_answer(answers, server, seconds=30)
        yield web, admin
    finally:
        server.kill()


def answered(address: str, host: str) -> bool:
    request = urllib.request.Request(f"http://{address}/", headers={"Host": host})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bool(answer.status == 200)


@contextmanager
def clients(address: str, hosts: list[str]) -> Iterator[None]:
    """Send requests to each host until the end of the block."""
    ended = Event()

    def send(host: str) -> None:
        while not ended.wait(PAUSE_SECONDS):
            assert answered(address, host)

    threads = [Thread(target=send, args=(host,)) for host in hosts for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@contextmanager
def scraped(folder: Path, metrics: str, pods: str) -> Iterator[LocalPrometheus]:
    """Yield a Prometheus that scrapes Traefik and the pods each second."""
    jobs = [
        {
            "job_name": name,
            "honor_labels": name == "pods",
            "static_configs": [{"targets": [address]}],
        }
        for name, address in (("traefik", metrics), ("pods", pods))
    ]
    every = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    configuration = {"global": every, "scrape_configs": jobs}
    with LocalPrometheus(folder / "prometheus", configuration) as prometheus:
        yield prometheus


async def test_a_slow_canary_fails_and_an_equal_one_passes(tmp_path: Path) -> None:
    units = {name: GatewayUnit.new(name, P95) for name in ("slow", "equal")}
    pods = [pod for unit in units.values() for pod in unit.pods]
    with ExitStack() as stack:
        backends = {
            f"{name}-{track}": stack.enter_context(exporter()) for name in units for track in TRACKS
        }
        backends["slow-canary"].write = slowly
        of_pods = stack.enter_context(exporter())
        of_pods.write = lambda: "\n".join([*(line for pod in pods for line in pod.text()), ""])
        addresses = {name: server.address for name, server in backends.items()}
        web, admin = stack.enter_context(traefik(tmp_path, addresses))
        prometheus = stack.enter_context(scraped(tmp_path, admin, of_pods.address))
        stack.enter_context(clients(web, list(backends)))
        decided = (Verdict.FAIL, Verdict.PASS)
        async with sweeps(prometheus.uri, units.values(), SCOPE) as running:
            await running.until(lambda unit: unit.last.verdict in decided, JUDGED_SECONDS)

    slow, equal = units["slow"].metric, units["equal"].metric
    assert slow.verdict is Verdict.FAIL, slow
    assert "slower than 500ms" in slow.message
    assert equal.verdict is Verdict.PASS, equal
    assert {slow.source, equal.source} == {OF_THE_GATEWAY}
