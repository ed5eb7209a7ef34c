"""The phases of a run: each does one thing to the operator under test and returns its figures."""

import asyncio
import statistics
import time

from benchmarks.controller import load
from benchmarks.controller.benchmark import Benchmark, Figures
from benchmarks.controller.client import MERGE_PATCH
from benchmarks.controller.load import Request
from benchmarks.controller.machine import CpuMeter
from benchmarks.controller.observer import Observer
from benchmarks.controller.operator_under_test import Edit, filled

POINTS = 100


async def burst(benchmark: Benchmark) -> Figures:
    """Create all at once."""
    benchmark.running.begin()
    passes, meter = benchmark.running.metric(benchmark.operator.pass_metric), CpuMeter()
    mark = benchmark.audit.mark()
    create = [
        Request(
            "POST", benchmark.path(), benchmark.operator.custom_resource(name, benchmark.namespace)
        )
        for name in benchmark.names()
    ]
    sending = asyncio.create_task(load.send(benchmark.kubeconfig, create))
    n, observer = benchmark.n, benchmark.observer
    complete = await observer.until(
        lambda seen: len(seen.complete) >= n, benchmark.patience(0.4), "all children present"
    )
    ready = complete
    if benchmark.pods:
        ready = await observer.until(
            lambda seen: len(seen.ready) >= n, benchmark.patience(0.8), "all ready"
        )
    sent = await sending
    idle = await benchmark.idle()
    cost = {**benchmark.cost(mark), "cpuSecondsOf": meter.read()}
    if passes is not None:
        made = (benchmark.running.metric(benchmark.operator.pass_metric) or 0) - passes
        cost["passesPerObject"] = made / n
    return {
        "refusedCreates": sent.failed,
        "createdSeconds": sent.ended - sent.began,
        "childrenSeconds": complete - sent.began,
        **({"readySeconds": ready - sent.began} if benchmark.pods else {}),
        "idleSeconds": max(idle, ready) - sent.began,
        "objectsPerSecond": n / (complete - sent.began),
        "cpuMsPerObject": cost["usage"]["cpu_seconds"] * 1e3 / n,
        "writesPerObject": cost["requests"]["writes"] / n,
        "readsPerObject": cost["requests"]["reads"] / n,
        "curve": _curve(observer, sent.began, n),
        **cost,
    }


def _curve(observer: Observer, began: float, n: int) -> list[tuple[float, float, float]]:
    """Return seconds, share with all children, share ready: some points of it."""
    points = [(t - began, c / n, r / n) for t, c, r in observer.points if t >= began]
    step = max(1, len(points) // POINTS)
    return [tuple(round(v, 4) for v in p) for p in (*points[::step], points[-1])]  # type: ignore[misc]


async def edits(benchmark: Benchmark) -> Figures:
    """Make the edits one after the other, spread over the objects."""
    figures = {edit.name: await _edits(benchmark, edit) for edit in benchmark.operator.edits}
    # What was promised for later (old pods go after a while) must not fall into another phase.
    await asyncio.sleep(benchmark.operator.settle_seconds)
    return figures


async def _edits(benchmark: Benchmark, edit: Edit) -> Figures:
    benchmark.running.begin()
    mark = benchmark.audit.mark()
    step = max(1, benchmark.n // benchmark.samples)
    delays = []
    for name in benchmark.names()[::step][: benchmark.samples]:
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
    return {**_distribution(delays), **benchmark.cost(mark)}


async def _ready_again(benchmark: Benchmark, name: str) -> None:
    """Wait until the object is Ready in its new generation, so that the cluster is idle."""
    await benchmark.observer.until(lambda seen: name in seen.ready, 30, f"{name} ready again")
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


async def idle(benchmark: Benchmark) -> Figures:
    """Change nothing for a while."""
    benchmark.running.begin()
    mark = benchmark.audit.mark()
    await asyncio.sleep(benchmark.idle_seconds)
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
        slice_ = touches[part::parts]
        sent = await load.send(benchmark.kubeconfig, slice_, workers=8, rate=benchmark.event_rate)
        failed += sent.failed
        await benchmark.idle()
        memory.append(benchmark.running.usage().rss_mb)
    cost = benchmark.cost(mark)
    return {
        "events": len(touches),
        "failed": failed,
        "cpuMsPerEvent": 1e3 * cost["usage"]["cpu_seconds"] / len(touches),
        "rssMb": [round(mb, 1) for mb in memory],
        **cost,
    }


def _touches(benchmark: Benchmark) -> list[Request]:
    churns, names = benchmark.operator.churn, {}
    for churn in churns:
        names[churn.plural] = sorted(benchmark.observer.seen.children[churn.plural])
    touches = []
    for number in range(benchmark.n * benchmark.events_per_object):
        churn = churns[number % len(churns)]
        children = names[churn.plural]
        name = children[(number // len(churns)) % len(children)]
        path = benchmark.operator.child(churn.plural).path(benchmark.namespace, name)
        if churn.subresource:
            path += f"/{churn.subresource}"
        patch = filled(churn.patch, number=str(number))
        touches.append(Request("PATCH", path, patch, MERGE_PATCH))
    return touches


async def restart(benchmark: Benchmark) -> Figures:
    """End it and start it again."""
    return await _restart(benchmark, {})


async def defaults(benchmark: Benchmark) -> Figures:
    """Restart it with other defaults: running pods must not be touched."""
    figures = await _restart(benchmark, dict(benchmark.operator.changed_defaults))
    await benchmark.running.stop()
    await benchmark.start()
    await benchmark.idle()
    return figures


async def _restart(benchmark: Benchmark, changed: dict[str, str]) -> Figures:
    await benchmark.running.stop()
    mark, began = benchmark.audit.mark(), time.time()
    await benchmark.start(changed)
    serves = time.time()
    silent = await benchmark.idle()
    # What an operator does late counts too.
    await asyncio.sleep(3)
    requests = benchmark.audit.since(mark)
    return {
        "servesSeconds": serves - began,
        "idleSeconds": max(silent, serves) - began,
        "firstPages": dict(requests.first_pages),
        **benchmark.cost(mark),
    }


async def delete(benchmark: Benchmark) -> Figures:
    """Delete all at once; nothing is left behind."""
    benchmark.running.begin()
    mark = benchmark.audit.mark()
    requests = [Request("DELETE", benchmark.path(name)) for name in benchmark.names()]
    sent = await load.send(benchmark.kubeconfig, requests)
    gone = await benchmark.observer.until(
        lambda seen: not seen.units, benchmark.patience(0.4), "all custom resources gone"
    )
    try:
        clean = await benchmark.observer.until(
            lambda seen: not seen.children_count, benchmark.patience(0.8), "all children gone"
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
