"""The phases of a run: each does one thing to the subject and returns its figures."""

import asyncio
import time
from collections.abc import Mapping

from benchmarks.controller import load
from benchmarks.controller.arithmetic import distribution
from benchmarks.controller.benchmark import Benchmark, Figures, Life
from benchmarks.controller.burst import patience
from benchmarks.controller.client import MERGE_PATCH
from benchmarks.controller.load import Request, Sent
from benchmarks.controller.machine import CpuMeter
from benchmarks.controller.subject import Edit, Subject, filled

EVENT_RATE = 150
"""Events of the soak in a second."""


async def burst(benchmark: Benchmark) -> Figures:
    """Create all at once."""
    benchmark.running.begin()
    pass_metric = benchmark.subject.pass_metric
    passes, meter = benchmark.running.metric(pass_metric), CpuMeter()
    mark = benchmark.audit.mark()
    sent, end, figures = await created(benchmark)
    idle = await benchmark.idle()
    cost = {**benchmark.cost(mark), "cpuSecondsOf": meter.read()}
    if passes is not None:
        made = (benchmark.running.metric(pass_metric) or 0) - passes
        figures["passesPerObject"] = made / benchmark.n
    return {
        **figures,
        "idleSeconds": max(idle, end) - sent.began,
        "cpuMsPerObject": cost["usage"]["cpu_seconds"] * 1e3 / benchmark.n,
        "writesPerObject": cost["requests"]["writes"] / benchmark.n,
        "readsPerObject": cost["requests"]["reads"] / benchmark.n,
        **cost,
    }


async def created(benchmark: Benchmark) -> tuple[Sent, float, Figures]:
    """Create all custom resources; return what was sent, when all was there, and the figures."""
    namespace = benchmark.place.namespace
    create = [
        [Request("POST", benchmark.path(), benchmark.subject.custom_resource(name, namespace))]
        for name in benchmark.names()
    ]
    return await benchmark.burst().watch(load.send(benchmark.kubeconfig, create))


async def edits(benchmark: Benchmark) -> Figures:
    """Make the edits one after the other, spread over the objects."""
    figures = {edit.name: await _edits(benchmark, edit) for edit in benchmark.subject.edits}
    # What was promised for later (old pods go after a while) must not fall into another phase.
    await asyncio.sleep(benchmark.subject.settle_seconds)
    return figures


async def _edits(benchmark: Benchmark, edit: Edit) -> Figures:
    benchmark.running.begin()
    mark = benchmark.audit.mark()
    step = max(1, benchmark.n // benchmark.options.samples)
    delays = []
    for name in benchmark.names()[::step][: benchmark.options.samples]:
        changed = asyncio.create_task(benchmark.observer.changes(name, edit.changes, 30))
        await asyncio.sleep(0)
        # Before the edit: once it is made, Ready of the new generation may come at any moment.
        benchmark.observer.seen.ready.discard(name)
        began = time.time()
        status, answer = await benchmark.client.send(
            "PATCH", benchmark.path(name), edit.patch, MERGE_PATCH
        )
        if status != 200:
            raise RuntimeError(f"edit {edit.name} is refused: {answer.get('message')}")
        delays.append(await changed - began)
        await _ready_again(benchmark, name)
    await benchmark.idle()
    return {**distribution(delays), **benchmark.cost(mark)}


async def _ready_again(benchmark: Benchmark, name: str) -> None:
    """Wait until the object is Ready in its new generation, so that the cluster is idle."""
    await benchmark.observer.until(lambda seen: name in seen.ready, 30, f"{name} ready again")
    await asyncio.sleep(0.1)


async def idle(benchmark: Benchmark) -> Figures:
    """Change nothing for a while."""
    benchmark.running.begin()
    mark = benchmark.audit.mark()
    await asyncio.sleep(benchmark.options.idle_seconds)
    cost = benchmark.cost(mark)
    usage = cost["usage"]
    return {"cpuPercent": 100 * usage["cpu_seconds"] / usage["seconds"], **cost}


async def soak(benchmark: Benchmark) -> Figures:
    """Let another client touch children without effect on the operator; memory stays flat."""
    benchmark.running.begin()
    mark = benchmark.audit.mark()
    touches = _touches(benchmark)
    memory = [benchmark.running.usage().rss_mb]
    parts = 5
    failed = 0
    for part in range(parts):
        sequences = [[touch] for touch in touches[part::parts]]
        sent = await load.send(benchmark.kubeconfig, sequences, workers=8, rate=EVENT_RATE)
        failed += sent.failed
        memory.append(benchmark.running.usage().rss_mb)
    await benchmark.idle()
    cost = benchmark.cost(mark)
    return {
        "events": len(touches),
        "failed": failed,
        "cpuMsPerEvent": 1e3 * cost["usage"]["cpu_seconds"] / len(touches),
        "rssMb": [round(mb, 1) for mb in memory],
        **cost,
    }


def _touches(benchmark: Benchmark) -> list[Request]:
    churns, names = benchmark.subject.churn, {}
    for churn in churns:
        names[churn.plural] = sorted(benchmark.observer.seen.children[churn.plural])
    touches = []
    for number in range(benchmark.n * benchmark.options.events_per_object):
        churn = churns[number % len(churns)]
        children = names[churn.plural]
        name = children[(number // len(churns)) % len(children)]
        path = benchmark.subject.child(churn.plural).path(benchmark.place.namespace, name)
        if churn.subresource:
            path += f"/{churn.subresource}"
        patch = filled(churn.patch, number=str(number))
        touches.append(Request("PATCH", path, patch, MERGE_PATCH))
    return touches


async def restart(benchmark: Benchmark) -> Figures:
    """End it and start it again."""
    await benchmark.running.stop()
    return await settled(benchmark, life="restart")


async def defaults(benchmark: Benchmark) -> Figures:
    """Restart it with other defaults, which it keeps: running pods must not be touched."""
    await benchmark.running.stop()
    return await settled(benchmark, benchmark.subject.changed_defaults)


async def settled(
    benchmark: Benchmark, changed: Mapping[str, str] | None = None, *, life: Life = ""
) -> Figures:
    """Start it; return the seconds until it has nothing more to do, and what it asked for."""
    mark, began = benchmark.audit.mark(), time.time()
    await benchmark.start(changed, life=life)
    serves = time.time()
    silent = await benchmark.idle()
    # What an operator does late counts too.
    await asyncio.sleep(benchmark.options.late_seconds)
    requests = benchmark.audit.since(mark)
    return {
        "servesSeconds": serves - began,
        "settledSeconds": max(silent, serves) - began,
        "firstPages": dict(requests.first_pages),
        **benchmark.cost(mark),
    }


async def delete(benchmark: Benchmark) -> Figures:
    """Delete all at once; nothing is left behind."""
    benchmark.running.begin()
    mark = benchmark.audit.mark()
    requests = [[Request("DELETE", benchmark.path(name))] for name in benchmark.names()]
    sent = await load.send(benchmark.kubeconfig, requests)
    gone = await benchmark.observer.until(
        lambda seen: not seen.units, patience(benchmark.n, 0.4), "all custom resources gone"
    )
    try:
        clean = await benchmark.observer.until(
            lambda seen: not seen.children_count, patience(benchmark.n, 0.8), "all children gone"
        )
    except TimeoutError:
        clean = time.time()
    await benchmark.idle()
    return {
        "goneSeconds": gone - sent.began,
        "cleanSeconds": clean - sent.began,
        "left": benchmark.observer.seen.children_count,
        **benchmark.cost(mark),
    }


def measurable(subject: Subject, phase: str) -> bool:
    """Return whether the subject's file says what the phase needs."""
    needs = {
        "edits": subject.edits,
        "defaults": subject.changed_defaults,
        "soak": subject.churn,
    }
    return bool(needs.get(phase, True))


PHASES = {
    "burst": burst,
    "idle": idle,
    "edits": edits,
    "restart": restart,
    "defaults": defaults,
    "soak": soak,
    "delete": delete,
}
"""The phases of one server, in their order."""
