"""The phases of a run: each does one thing to the operator under test and returns its figures."""

import asyncio
import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.controller import load
from benchmarks.controller.audit import AuditLog
from benchmarks.controller.client import MERGE_PATCH, Client
from benchmarks.controller.load import Request
from benchmarks.controller.machine import CpuMeter
from benchmarks.controller.observer import Sight
from benchmarks.controller.operator_under_test import Edit, Subject, filled
from benchmarks.controller.process import Running

Figures = dict[str, Any]
POINTS = 100


@dataclass(slots=True)
class World:
    """What every phase acts on."""

    subject: Subject
    n: int
    namespace: str
    kubeconfig: Path
    """Of the load; the operator's own is another, so that the audit log tells them apart."""

    audit: AuditLog
    client: Client
    sight: Sight
    running: Running
    samples: int = 200
    idle_seconds: float = 60
    events_per_object: int = 10
    event_rate: float = 150
    pods: bool = True
    """Whether anything becomes Ready."""

    def path(self, name: str = "") -> str:
        return self.subject.resource.path(self.namespace, name)

    def names(self) -> list[str]:
        return [f"model-{number:05d}" for number in range(self.n)]

    def patience(self, each: float) -> float:
        """Seconds to wait for something of all objects before it counts as never."""
        return 60 + self.n * each

    async def start(self, changed: Mapping[str, str] | None = None) -> None:
        """Start the operator under test, and wait until it watches its custom resources.

        On a busy machine it can be ready, and quiet for a moment, before it has listed them.

        Raises `TimeoutError` when it does not watch them in time.
        """
        mark = self.audit.mark()
        await self.running.start(changed)
        async with asyncio.timeout(self.patience(0.4)):
            while True:
                await asyncio.sleep(0.1)
                if self.audit.since(mark).watched[self.subject.resource.plural]:
                    return

    async def idle(self) -> float:
        return await self.running.idle(self.patience(0.4))

    def cost(self, mark: int) -> Figures:
        """Requests since the mark and usage since `begin`."""
        requests = self.audit.since(mark).to_json()
        return {"requests": requests, "usage": asdict(self.running.usage())}


async def burst(world: World) -> Figures:
    """Create all at once."""
    world.running.begin()
    passes, meter = world.running.metric(world.subject.pass_metric), CpuMeter()
    mark = world.audit.mark()
    create = [
        Request("POST", world.path(), world.subject.custom_resource(name, world.namespace))
        for name in world.names()
    ]
    sending = asyncio.create_task(load.send(world.kubeconfig, create))
    n, sight = world.n, world.sight
    complete = await sight.until(
        lambda seen: len(seen.complete) >= n, world.patience(0.4), "all children present"
    )
    ready = complete
    if world.pods:
        ready = await sight.until(
            lambda seen: len(seen.ready) >= n, world.patience(0.8), "all ready"
        )
    sent = await sending
    idle = await world.idle()
    cost = {**world.cost(mark), "cpuSecondsOf": meter.read()}
    if passes is not None:
        made = (world.running.metric(world.subject.pass_metric) or 0) - passes
        cost["passesPerObject"] = made / n
    return {
        "refusedCreates": sent.failed,
        "createdSeconds": sent.ended - sent.began,
        "childrenSeconds": complete - sent.began,
        **({"readySeconds": ready - sent.began} if world.pods else {}),
        "idleSeconds": max(idle, ready) - sent.began,
        "objectsPerSecond": n / (complete - sent.began),
        "cpuMsPerObject": cost["usage"]["cpu_seconds"] * 1e3 / n,
        "writesPerObject": cost["requests"]["writes"] / n,
        "readsPerObject": cost["requests"]["reads"] / n,
        "curve": _curve(sight, sent.began, n),
        **cost,
    }


def _curve(sight: Sight, began: float, n: int) -> list[tuple[float, float, float]]:
    """Seconds, share with all children, share ready: some points of it."""
    points = [(t - began, c / n, r / n) for t, c, r in sight.points if t >= began]
    step = max(1, len(points) // POINTS)
    return [tuple(round(v, 4) for v in p) for p in (*points[::step], points[-1])]  # type: ignore[misc]


async def edits(world: World) -> Figures:
    """One edit at a time, spread over the objects, each after the last one's end."""
    figures = {edit.name: await _edits(world, edit) for edit in world.subject.edits}
    # What was promised for later (old pods go after a while) must not fall into another phase.
    await asyncio.sleep(world.subject.settle_seconds)
    return figures


async def _edits(world: World, edit: Edit) -> Figures:
    world.running.begin()
    mark = world.audit.mark()
    step = max(1, world.n // world.samples)
    delays = []
    for name in world.names()[::step][: world.samples]:
        changed = asyncio.create_task(world.sight.changes(name, edit.changes, 30))
        await asyncio.sleep(0)
        # Before the edit: once it is made, Ready of the new generation may come at any moment.
        world.sight.seen.ready.discard(name)
        began = time.time()
        status, answer = await world.client.send("PATCH", world.path(name), edit.patch, MERGE_PATCH)
        if status != 200:
            raise RuntimeError(f"edit {edit.name} is refused: {answer.get('message')}")
        delays.append(await changed - began)
        await _ready_again(world, name)
    await world.idle()
    return {**_distribution(delays), **world.cost(mark)}


async def _ready_again(world: World, name: str) -> None:
    """So that each edit meets an idle cluster; Ready of the old generation does not count."""
    await world.sight.until(lambda seen: name in seen.ready, 30, f"{name} ready again")
    await asyncio.sleep(0.1)


def _distribution(seconds: list[float]) -> Figures:
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return {
        "samples": len(ordered),
        "p50Ms": statistics.median(ordered) * 1e3,
        "p99Ms": ordered[min(last, int(len(ordered) * 0.99))] * 1e3,
        "slowestMs": ordered[-1] * 1e3,
    }


async def idle(world: World) -> Figures:
    """Nothing happens for a while."""
    world.running.begin()
    mark = world.audit.mark()
    await asyncio.sleep(world.idle_seconds)
    cost = world.cost(mark)
    usage = cost["usage"]
    return {"cpuPercent": 100 * usage["cpu_seconds"] / usage["seconds"], **cost}


async def soak(world: World) -> Figures:
    """Strangers touch children in ways that ask nothing of the operator; memory stays flat."""
    world.running.begin()
    mark = world.audit.mark()
    touches = _touches(world)
    memory = [world.running.usage().rss_mb]
    parts = 5
    failed = 0
    for part in range(parts):
        slice_ = touches[part::parts]
        sent = await load.send(world.kubeconfig, slice_, workers=8, rate=world.event_rate)
        failed += sent.failed
        await world.idle()
        memory.append(world.running.usage().rss_mb)
    cost = world.cost(mark)
    return {
        "events": len(touches),
        "failed": failed,
        "cpuMsPerEvent": 1e3 * cost["usage"]["cpu_seconds"] / len(touches),
        "rssMb": [round(mb, 1) for mb in memory],
        **cost,
    }


def _touches(world: World) -> list[Request]:
    churns, names = world.subject.churn, {}
    for churn in churns:
        names[churn.plural] = sorted(world.sight.seen.children[churn.plural])
    touches = []
    for number in range(world.n * world.events_per_object):
        churn = churns[number % len(churns)]
        children = names[churn.plural]
        name = children[(number // len(churns)) % len(children)]
        path = world.subject.child(churn.plural).path(world.namespace, name)
        if churn.subresource:
            path += f"/{churn.subresource}"
        patch = filled(churn.patch, number=str(number))
        touches.append(Request("PATCH", path, patch, MERGE_PATCH))
    return touches


async def restart(world: World) -> Figures:
    """End it and start it again."""
    return await _restart(world, {})


async def defaults(world: World) -> Figures:
    """Restart it with other defaults: what runs must not be touched."""
    figures = await _restart(world, dict(world.subject.changed_defaults))
    await world.running.stop()
    await world.start()
    await world.idle()
    return figures


async def _restart(world: World, changed: dict[str, str]) -> Figures:
    await world.running.stop()
    mark, began = world.audit.mark(), time.time()
    await world.start(changed)
    serves = time.time()
    silent = await world.idle()
    # What an operator does late counts too.
    await asyncio.sleep(3)
    requests = world.audit.since(mark)
    return {
        "servesSeconds": serves - began,
        "idleSeconds": max(silent, serves) - began,
        "firstPages": dict(requests.first_pages),
        **world.cost(mark),
    }


async def delete(world: World) -> Figures:
    """Delete all at once; nothing is left behind."""
    world.running.begin()
    mark = world.audit.mark()
    requests = [Request("DELETE", world.path(name)) for name in world.names()]
    sent = await load.send(world.kubeconfig, requests)
    gone = await world.sight.until(
        lambda seen: not seen.units, world.patience(0.4), "all custom resources gone"
    )
    try:
        clean = await world.sight.until(
            lambda seen: not seen.children_count, world.patience(0.8), "all children gone"
        )
    except TimeoutError:
        clean = time.time()
    await world.idle()
    return {
        "goneSeconds": gone - sent.began,
        "cleanSeconds": clean - sent.began,
        "left": world.sight.seen.children_count,
        **world.cost(mark),
    }


PHASES = {
    "burst": burst,
    "idle": idle,
    "edits": edits,
    "soak": soak,
    "restart": restart,
    "defaults": defaults,
    "delete": delete,
}
# Nothing becomes Ready, nothing is collected.
PHASES_WITHOUT_PODS = ("burst", "idle", "restart", "defaults")
