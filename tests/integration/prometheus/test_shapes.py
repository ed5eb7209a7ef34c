"""Each shape of the metrics, from a real Prometheus to the verdict: the rows of docs/analysis.md.

All rows live at the same time: their units pass first, and then each gets its shape.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hack.services.prometheus import LocalPrometheus
from hack.services.server_process import free_ports
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.measurement import PodName
from tests.integration.prometheus.exporter import exporter
from tests.integration.prometheus.measured_units import Unit, sweeps
from tests.integration.prometheus.shapes import ERRORS, ROWS, Row
from tests.integration.prometheus.triton_pods import TritonPod

pytestmark = pytest.mark.integration
PASSING_SECONDS, SHAPED_SECONDS = 40.0, 40.0
UNSEEN = {
    "an empty answer": (Scope('cluster="none"'), "apply manifests/monitoring, or correct the"),
    "rows without a pod": (Scope(pod_label="k8s_pod"), "rows have no label of a pod: correct the"),
}


def is_shown(row: Row, unit: Unit) -> bool:
    metric = unit.metric
    return (metric.verdict, metric.reason) == (row.verdict, row.reason) and (
        row.words in metric.message
    )


def tenant(unit: Unit) -> list[TritonPod]:
    """Return failing pods of another namespace, and a pod that the unit does not have."""
    names = [PodName("elsewhere", each.pod.name) for each in unit.canary]
    names.append(PodName(unit.canary[0].pod.namespace, f"{unit.name}-new-9"))
    return [TritonPod(name, failing=0.9) for name in names]


async def play(uri: str, units: Mapping[str, Unit]) -> dict[str, Unit]:
    """Let the units pass, give them their shapes, and judge until each shows its verdict."""
    unseen = {name: Unit.new("beside-another-tenant", ERRORS) for name in UNSEEN}
    down = Unit.new("down", ERRORS)
    async with sweeps(uri, units.values()) as running:
        later = {name for name, row in ROWS.items() if row.change}
        await running.until(
            lambda unit: unit.name not in later or unit.last.verdict is Verdict.PASS,
            PASSING_SECONDS,
        )
        for name in later:
            assert units[name].last.verdict is Verdict.PASS, (name, units[name].last)
            ROWS[name].change(units[name])  # type: ignore[misc]
            units[name].results.clear()
        # What passes shall not only pass in the first moment.
        began = time.monotonic()
        await running.until(
            lambda unit: is_shown(ROWS[unit.name], unit) and time.monotonic() - began > 5,
            SHAPED_SECONDS,
        )
    for name, unit in unseen.items():
        async with sweeps(uri, [unit], UNSEEN[name][0]) as running:
            await running.until(lambda unit: True, 1)
    async with sweeps(f"http://127.0.0.1:{free_ports(1)[0]}", [down]) as running:
        await running.until(lambda unit: True, 1)
    return {**unseen, "down": down}


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Unit]]:
    units = {name: Unit.new(name, row.metric) for name, row in ROWS.items()}
    for name, row in ROWS.items():
        row.begin(units[name])
    pods = [pod for unit in units.values() for pod in unit.pods]
    pods += tenant(units["beside-another-tenant"])
    with exporter() as server:
        server.write = lambda: "\n".join([*(line for pod in pods for line in pod.text()), ""])
        targets = [{"targets": [server.address]}]
        # Two jobs scrape each pod. Both believe what the exporter says of pods.
        jobs = [
            {"job_name": name, "honor_labels": True, "static_configs": targets}
            for name in ("monitor", "annotations")
        ]
        everywhere = {"scrape_interval": "1s", "scrape_timeout": "1s"}
        configuration = {"global": everywhere, "scrape_configs": jobs}
        folder: Path = tmp_path_factory.mktemp("prometheus")
        with LocalPrometheus(folder, configuration) as prometheus:
            others = asyncio.run(play(prometheus.uri, units))
            yield {**units, **others}


@pytest.mark.parametrize("name", ROWS)
def test_a_shape(units: Mapping[str, Unit], name: str) -> None:
    row, unit = ROWS[name], units[name]
    assert is_shown(row, unit), unit.metric
    if row.verdict is Verdict.PASS:
        assert {result.verdict for result in unit.results} == {Verdict.PASS}


@pytest.mark.parametrize("name", UNSEEN)
def test_series_that_are_not_seen(units: Mapping[str, Unit], name: str) -> None:
    assert (units[name].last.verdict, units[name].metric.reason) == (Verdict.NO_DATA, "NoSeries")
    assert UNSEEN[name][1] in units[name].metric.message


def test_a_prometheus_that_is_down(units: Mapping[str, Unit]) -> None:
    down = units["down"]
    assert (down.last.verdict, down.metric.reason) == (Verdict.ERROR, "PrometheusUnreachable")
    assert down.metric.message.startswith("Prometheus did not answer: Prometheus at http://127")


def test_pods_that_two_jobs_scrape_count_once(units: Mapping[str, Unit]) -> None:
    unit = units["fast"]
    first, last = unit.results[0], unit.results[-1]
    assert first.at is not None
    assert last.at is not None
    counted = last.metrics[0].samples - first.metrics[0].samples
    seconds = (last.at - first.at).total_seconds() + 2.5
    assert counted <= seconds * sum(pod.requests for pod in unit.canary)
