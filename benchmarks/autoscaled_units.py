"""Cost of autoscaling: a thousand units under a steady load, and a breach of a hundred at once.

`python -m benchmarks.autoscaled_units` runs the operator's own passes over a fake cluster, with a
real sweeper that asks a server on loopback, in a process of its own, by HTTP. It counts passes,
writes and requests, and measures the process' seconds of CPU and its memory. Another process does
the same with `replicas` in place of `autoscaling`, for the memory.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import os
import platform
import resource
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.scaled_server import BREACHED, PODS, serve
from hack.console import say
from inference_operator.adapters.prometheus.access import AccessFiles
from inference_operator.adapters.prometheus.canary_questions import CanaryQuestions
from inference_operator.adapters.prometheus.client import Prometheus
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.adapters.prometheus.size_gauges import SizeGauges
from inference_operator.adapters.prometheus.size_questions import SizeQuestions
from inference_operator.adapters.prometheus.sweep import Source, SweepReader
from inference_operator.adapters.prometheus.sweeper import Cadence, Sweeper
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.conditions import format_time
from inference_operator.domain.names import UnitKey
from inference_operator.observation.observe import unresolved
from inference_operator.observation.store import Store
from inference_operator.planning.analysis.judging import judged
from inference_operator.reconcile.reconciler import Dependencies, Reconciler
from inference_operator.reconcile.rollout_slots import RolloutSlots
from tests.fakes.bodies import NAMESPACE, imodel, pod
from tests.fakes.cluster import FakeCluster
from tests.fakes.harness import DEFAULTS

_TIMEOUT = 30.0
_STEP = 15.0
"""Seconds between two sweeps, by the clock of the benchmark."""

_MIB = 1 << 20
_MOST_PASSES = 20
_FILLING = 12
"""Sweeps until the windows are full."""

METRICS = [
    {"type": "QueueTime", "target": "5ms"},
    {"type": "PendingRequests", "target": "4"},
    {"type": "RequestRate", "target": "20"},
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--sweeps", type=int, default=5)
    given = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    say(f"{platform.machine()}, {os.cpu_count()} cores, load {load}, {platform.python_version()}")
    spawn = multiprocessing.get_context("spawn")
    mine, theirs = spawn.Pipe()
    answering = (given.units, NAMESPACE, _FILLING + given.sweeps, theirs)
    server = spawn.Process(target=serve, args=answering, daemon=True)
    server.start()
    try:
        uri = f"http://127.0.0.1:{mine.recv()}"
        for is_autoscaled in (True, False):
            words = (uri, given.units, given.sweeps, is_autoscaled)
            operator = spawn.Process(target=_measure, args=words)
            operator.start()
            operator.join()
    finally:
        server.terminate()
        server.join()


def _measure(uri: str, units: int, sweeps: int, is_autoscaled: bool) -> None:
    asyncio.run(measure(uri, units, is_autoscaled=is_autoscaled, sweeps=sweeps))


def name_of(number: int) -> str:
    return f"price-{number}"


@dataclass
class World:
    """An operator over a fake cluster, whose clock stands between sweeps."""

    now: datetime
    cluster: FakeCluster = field(default_factory=FakeCluster)
    woken: set[UnitKey] = field(default_factory=set)
    passes: Counter[UnitKey] = field(default_factory=Counter)

    def start(self, sweeper: Sweeper) -> None:
        self.store = Store(self.woken.add)
        slots = RolloutSlots(0, self.store.rolling, self.woken.add)
        dependencies = Dependencies(
            DEFAULTS, lambda: self.now, unresolved, lambda key, command: None, slots, sweeper
        )
        self.reconciler = Reconciler(self.cluster, self.store, Telemetry(), dependencies)

    def seconds(self) -> float:
        """Return the seconds of the benchmark's clock."""
        return self.now.timestamp()

    def watch(self) -> None:
        """Deliver what the watches have to say."""
        events, self.cluster.events = self.cluster.events, []
        for kind_of_event, kind, body in events:
            if kind == "Event":
                continue
            if kind_of_event == "DELETED":
                self.store.record_deletion(kind, body)
            else:
                self.store.put(kind, body)

    async def settle(self, key: UnitKey) -> int:
        """Run passes over one unit until nothing changes any more; return the number of writes."""
        before = len(self.cluster.writes)
        for _ in range(_MOST_PASSES):
            requests = len(self.cluster.requests)
            self.watch()
            self.passes[key] += 1
            await self.reconciler(key)
            if len(self.cluster.requests) == requests:
                return len(self.cluster.writes) - before
        raise RuntimeError(f"{key} has not settled after {_MOST_PASSES} passes")

    async def answer(self, key: UnitKey) -> int:
        """Let the pods of a unit come and answer, and the operator look; return the writes."""
        self._run_pods(key)
        return await self.settle(key)

    def _run_pods(self, key: UnitKey) -> None:
        """Give the unit's Deployment its pods, which are ready at once."""
        for kind, body in [*self.store.children(key)]:
            if kind != "Deployment":
                continue
            meta, replicas = body["metadata"], body["spec"]["replicas"]
            labels = body["spec"]["template"]["metadata"]["labels"]
            status = {"replicas": replicas, "readyReplicas": replicas}
            live = self.store.children(key)
            running = {each["metadata"]["name"] for of, each in live if of == "Pod"}
            if len(running) >= replicas:
                return
            self.cluster.edit("Deployment", meta["name"], {"status": status})
            for number in range(len(running), replicas):
                made = pod("", name=f"{key.name}-{number}", ready=True)
                made["metadata"]["labels"] = labels
                condition = made["status"]["conditions"][0]
                condition["lastTransitionTime"] = format_time(self.now)
                self.cluster.apply_as("kubelet", made)


@dataclass(frozen=True, slots=True)
class Measured:
    """One sweep and the passes that it led to."""

    woken: int
    writes: int
    """Those of the passes that it woke."""

    afterwards: int
    """Those of the passes after new pods answered."""

    requests: int
    """To Prometheus."""

    cpu: float
    """Seconds."""


async def measure(uri: str, units: int, *, is_autoscaled: bool, sweeps: int) -> None:
    """Make the units, sweep until their windows are full, and print what later sweeps cost."""
    world = World(datetime.now(UTC) - timedelta(hours=1))
    with ThreadPoolExecutor(1) as thread:
        client, telemetry = Prometheus(uri, _TIMEOUT, thread), Telemetry()
        reader = SweepReader(Source(client, AccessFiles(), Scope(), _TIMEOUT), thread, telemetry)
        wake = world.woken.add
        sizes = SizeQuestions(wake, SizeGauges(telemetry.registry), world.seconds)
        canaries = CanaryQuestions(judged, wake, telemetry)
        cadence = Cadence(10.0, 1.0, lambda: world.now)
        sweeper = Sweeper(reader, canaries, sizes, cadence, telemetry, thread)
        world.start(sweeper)
        for number in range(units):
            await _make(world, number, is_autoscaled=is_autoscaled)
        world.woken.clear()
        if is_autoscaled:
            await _sweep_all(world, sweeper, telemetry, sweeps)
        await client.close()
    if not is_autoscaled:
        say(f"{units:,} units with replicas: {_memory():.0f} MiB")


def _memory() -> float:
    """Return the process' memory in MiB: the operator's, and that of the fake cluster."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / _MIB


async def _make(world: World, number: int, *, is_autoscaled: bool) -> None:
    scaling = {"minReplicas": 1, "maxReplicas": 20, "metrics": METRICS}
    size = (
        {"autoscaling": {**scaling, "minReplicas": PODS}} if is_autoscaled else {"replicas": PODS}
    )
    name = name_of(number)
    world.cluster.apply_as("kubectl", imodel(name, namespace=NAMESPACE, **size), force=True)
    key = UnitKey("InferenceModel", NAMESPACE, name)
    await world.settle(key)
    await world.answer(key)


async def _sweep_all(world: World, sweeper: Sweeper, telemetry: Telemetry, sweeps: int) -> None:
    for _ in range(_FILLING):
        await _sweep(world, sweeper, telemetry)
    steady = [await _sweep(world, sweeper, telemetry) for _ in range(sweeps)]
    _print("steady", steady)
    say(f"{len(world.passes):,} units with autoscaling: {_memory():.0f} MiB")
    world.passes.clear()
    sizes = [_sizes(world)]
    breach: list[Measured] = []
    for _ in range(6):
        breach.append(await _sweep(world, sweeper, telemetry))
        sizes.append(_sizes(world))
    _print("breach", breach)
    resized = [
        sum(now[n] > before[n] for n in range(BREACHED))
        for before, now in itertools.pairwise(sizes)
    ]
    say(f"units of {BREACHED} that grew, by sweep since the breach: {resized}")
    say(f"units woken that had no breach: {_others(world)}")


def _others(world: World) -> int:
    breached = {name_of(number) for number in range(BREACHED)}
    return sum(1 for key in world.passes if key.name not in breached)


def _sizes(world: World) -> list[int]:
    """Return the pods that each unit's Deployment asks for, in the order of the units."""
    replicas = {}
    for body in world.cluster.all("Deployment"):
        replicas[body["metadata"]["name"].rpartition("-")[0]] = body["spec"]["replicas"]
    return [replicas[name_of(number)] for number in range(len(replicas))]


async def _sweep(world: World, sweeper: Sweeper, telemetry: Telemetry) -> Measured:
    world.now += timedelta(seconds=_STEP)
    asked, began = _asked(telemetry), time.process_time()
    await sweeper.sweep()
    cpu = time.process_time() - began
    woken, asked = sorted(world.woken), _asked(telemetry) - asked
    world.woken.clear()
    writes = sum([await world.settle(key) for key in woken])
    afterwards = sum([await world.answer(key) for key in woken])
    world.woken.clear()
    return Measured(len(woken), writes, afterwards, asked, cpu)


def _asked(telemetry: Telemetry) -> int:
    samples = (each for metric in telemetry.sweep_requests.collect() for each in metric.samples)
    return sum(int(each.value) for each in samples if each.name.endswith("_total"))


def _print(phase: str, sweeps: list[Measured]) -> None:
    say(
        f"{phase}: woken {[each.woken for each in sweeps]}, writes"
        f" {[each.writes for each in sweeps]}, after new pods answered"
        f" {[each.afterwards for each in sweeps]}, requests"
        f" {[each.requests for each in sweeps]}, CPU {[round(each.cpu, 2) for each in sweeps]} s"
    )


if __name__ == "__main__":
    main()
