"""Outages of metrics, of each shape, from a real Prometheus to the number of pods: none shrinks.

All units have so little load that they shrink as soon as their metrics are good. The first one's
are, and it does. Then the sweeper starts anew, as after a restart of the operator.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from hack.services.prometheus import LocalPrometheus
from hack.services.server_process import free_ports
from inference_operator.adapters.prometheus.access import AccessFiles
from inference_operator.adapters.prometheus.client import Prometheus
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.adapters.prometheus.sweep import Source, SweepReader
from inference_operator.adapters.prometheus.sweeper import Cadence, Sweeper
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.autoscaling import Autoscaling
from inference_operator.domain.analysis import MeasuredPod, MeasuredTrack
from inference_operator.domain.measurement import PodName
from inference_operator.domain.names import UnitKey
from inference_operator.domain.scaling import ScalingDecision
from inference_operator.domain.scaling_question import ScalingQuestion
from tests.fakes.sweepers import sweeper
from tests.integration.prometheus.exporter import exporter
from tests.integration.prometheus.triton_pods import Lines, TritonPod

pytestmark = pytest.mark.integration
NAMESPACE, PODS, GOOD = "shop", 4, "good metrics"
CANARY = " with a canary"
RULES = Autoscaling.model_validate(
    {
        "minReplicas": 1,
        "maxReplicas": 9,
        "metrics": [{"type": "QueueTime", "target": "5ms", "window": "10s"}],
        "behavior": {
            "scaleDown": {
                "stabilizationWindowSeconds": 0,
                "policies": [{"type": "Percent", "value": 100, "periodSeconds": 1}],
            }
        },
    }
)
QUEUE = "nv_inference_queue_duration_us"
SHRINKS_WITHIN, OUTAGE_SECONDS = 60.0, 25.0


def with_value(value: str, *families: str) -> Callable[[Lines], Lines]:
    """Return a shape in which samples of some families have another value."""

    def shape(lines: Lines) -> Lines:
        return [
            f"{line.rpartition(' ')[0]} {value}" if line.startswith(families) else line
            for line in lines
        ]

    return shape


def frozen() -> Callable[[Lines], Lines]:
    """Return a shape in which all counters stay as they are, though pods are scraped."""
    first: dict[str, Lines] = {}

    def shape(lines: Lines) -> Lines:
        # The first line names the pod.
        own = first.setdefault(lines[0], lines)
        # Clients wait, and none is answered.
        return with_value("7", "nv_inference_pending_request_count")(own)

    return shape


def unlabelled(lines: Lines) -> Lines:
    """Return the lines without the label that names the pod."""
    return [line.replace(",pod=", ",instance_of=") for line in lines]


@dataclass(frozen=True, slots=True)
class Row:
    """A shape of some pods of a unit, and the reason that its metric then has."""

    shape: Callable[[Lines], Lines]
    pods: int
    reason: str


ROWS = {
    "no series of any pod": Row(lambda lines: [], PODS, "NoSeries"),
    "no series of a half": Row(lambda lines: [], 2, "Partial"),
    "no label of the pod": Row(unlabelled, PODS, "NoSeries"),
    "not a number": Row(with_value("NaN", QUEUE), PODS, "NotFinite"),
    "infinite": Row(with_value("+Inf", QUEUE), 1, "NotFinite"),
    "negative": Row(with_value("-5", QUEUE), PODS, "NotFinite"),
    "frozen while requests wait": Row(frozen(), PODS, "NoAnswers"),
}
ALL = {**ROWS, **{f"{name}{CANARY}": row for name, row in ROWS.items()}}
"""Each row without a canary, and of a canary beside a stable revision with good metrics."""


@dataclass
class Unit:
    """A unit whose pods serve almost nothing, and what was decided about it."""

    name: str
    pods: list[TritonPod]
    decisions: list[ScalingDecision] = field(default_factory=list)
    seen: int = 0
    """How many decisions there were before the restart."""

    @classmethod
    def new(cls, name: str) -> "Unit":
        """Make a unit; the pods of a canary come after those of the stable revision."""
        word, count = name.replace(" ", "-"), 2 * PODS if name.endswith(CANARY) else PODS
        pods = [TritonPod(PodName(NAMESPACE, f"{word}-{i}"), requests=20) for i in range(count)]
        return cls(word, pods)

    @property
    def question(self) -> ScalingQuestion:
        ready = datetime.now(UTC) - timedelta(hours=1)
        pods = tuple(MeasuredPod(each.pod.name, ready, timedelta()) for each in self.pods)
        stable = MeasuredTrack("aaa", "price", 1, pods=pods[:PODS])
        canary = MeasuredTrack("bbb", "price", 1, pods=pods[PODS:])
        tracks = (stable, canary) if canary.pods else (stable,)
        key = UnitKey("InferenceModel", NAMESPACE, self.name)
        return ScalingQuestion(key, self.name, RULES, PODS, tracks)

    @property
    def least(self) -> int:
        """The smallest number that was decided."""
        return min((decision.size for decision in self.decisions), default=PODS)

    @property
    def reason(self) -> str:
        """The metric's reason at the last decision since the last start; "" before the first."""
        if len(self.decisions) == self.seen:
            return ""
        return (self.decisions[-1].metrics[0].reason or "").partition(":")[0]


async def play(
    uri: str, units: list[Unit], until: Callable[[], bool], seconds: float, read: float = 2.0
) -> None:
    """Sweep until the condition holds, at most so long."""
    with ThreadPoolExecutor(1) as thread:
        client = Prometheus(uri, read, thread)
        reader = SweepReader(Source(client, AccessFiles(), Scope(), read), thread, Telemetry())
        running = sweeper(reader, Cadence(1.0, 0.0, lambda: datetime.now(UTC)), thread)
        await sweep_units(running, units, until, seconds)
        await client.close()


async def sweep_units(
    running: Sweeper, units: list[Unit], until: Callable[[], bool], seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not until():
        for unit in units:
            running.size(unit.question)
        await running.sweep()
        for unit in units:
            answer = running.size(unit.question)
            assert answer is not None
            unit.decisions.append(answer.decision)
        await asyncio.sleep(0.5)


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Unit]]:
    """Sweep all units until the one with good metrics has shrunk, and each other shows its row."""
    units = {name: Unit.new(name) for name in (GOOD, *ALL)}
    for name, row in ALL.items():
        # Of a canary's unit, the pods of the canary.
        for pod in units[name].pods[-row.pods :]:
            pod.shape = row.shape

    def is_over() -> bool:
        is_shown = all(units[name].reason == row.reason for name, row in ALL.items())
        (*_, last) = (PODS, *(each.size for each in units[GOOD].decisions[units[GOOD].seen :]))
        return last == 1 and is_shown

    pods = [pod for unit in units.values() for pod in unit.pods]
    with exporter() as server:
        server.write = lambda: "\n".join([*(line for pod in pods for line in pod.text()), ""])
        job = {
            "job_name": "pods",
            "honor_labels": True,
            "static_configs": [{"targets": [server.address]}],
        }
        everywhere = {"scrape_interval": "1s", "scrape_timeout": "1s"}
        configuration = {"global": everywhere, "scrape_configs": [job]}
        folder: Path = tmp_path_factory.mktemp("prometheus")
        with LocalPrometheus(folder, configuration) as prometheus:
            asyncio.run(play(prometheus.uri, [*units.values()], is_over, SHRINKS_WITHIN))
            for unit in units.values():
                unit.seen = len(unit.decisions)
            asyncio.run(play(prometheus.uri, [*units.values()], is_over, SHRINKS_WITHIN))
            yield units


def test_a_unit_with_good_metrics_shrinks_before_and_after_a_restart(
    units: Mapping[str, Unit],
) -> None:
    good = units[GOOD]
    assert good.decisions[good.seen - 1].size == 1
    assert good.decisions[-1].size == 1


@pytest.mark.parametrize("name", ALL)
def test_no_shape_shrinks_a_unit(units: Mapping[str, Unit], name: str) -> None:
    assert units[name].least == PODS
    assert units[name].reason == ALL[name].reason, units[name].decisions[-1]
    assert units[name].decisions[-1].holds is not None


async def refusing(status: int, body: str, seconds: float = 0.0) -> web.AppRunner:
    """Start a server that answers every query like that; its address is that of its first site."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(seconds)
        return web.Response(status=status, text=body, content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


SERVERS = {
    "an error": (500, '{"status":"error","errorType":"internal","error":"no space"}', 0.0),
    "a page": (200, "<html>log in</html>", 0.0),
    "warnings only": (200, '{"status":"success","warnings":["a shard is away"],"data":{}}', 0.0),
    "too slow": (200, "{}", 5.0),
}


@pytest.mark.parametrize("name", SERVERS)
async def test_no_server_shrinks_a_unit(name: str) -> None:
    unit = Unit.new(name)
    runner = await refusing(*SERVERS[name])
    try:
        uri = f"http://127.0.0.1:{runner.addresses[0][1]}"
        await play(uri, [unit], lambda: len(unit.decisions) >= 3, OUTAGE_SECONDS, read=0.5)
    finally:
        await runner.cleanup()
    assert len(unit.decisions) >= 3
    assert unit.least == PODS
    assert unit.decisions[-1].holds is not None


async def test_no_server_at_all_shrinks_no_unit() -> None:
    unit = Unit.new("nobody")
    uri = f"http://127.0.0.1:{free_ports(1)[0]}"
    await play(uri, [unit], lambda: len(unit.decisions) >= 3, OUTAGE_SECONDS)
    assert len(unit.decisions) >= 3
    assert unit.least == PODS
    assert unit.reason == "PrometheusUnreachable"
