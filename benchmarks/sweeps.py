"""Longest gap of the event loop while sweeps of many units are asked, read and judged.

`python -m benchmarks.sweeps` starts a server on loopback in a process of its own, whose answers
have a row for each pod (and for each boundary), as Prometheus' have. A coroutine sleeps 5 ms again
and again, and notes by how much each sleep was too long. On a machine that is busy with others,
the time of the CPU that this process used in a sleep tells more: it grows only while another thread
of the process holds the interpreter.

Before the first sweep, all objects are frozen, as the operator does once it has listed everything.
`--others` adds objects that are not: those that were replaced since. After each sweep a full pass
of the collector of garbage is timed: one comes sooner or later.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import platform
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.prometheus_server import body, serve_rows
from hack.console import say
from inference_operator.adapters.prometheus.access import AccessFiles
from inference_operator.adapters.prometheus.canary_questions import CanaryQuestions
from inference_operator.adapters.prometheus.client import Prometheus
from inference_operator.adapters.prometheus.queries import text
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.adapters.prometheus.size_gauges import SizeGauges
from inference_operator.adapters.prometheus.size_questions import SizeQuestions
from inference_operator.adapters.prometheus.sweep import Source, SweepReader
from inference_operator.adapters.prometheus.sweeper import Cadence, Sweeper
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.analysis import Analysis, AnalysisMetric, MetricType, Statistic
from inference_operator.domain.analysis import AnalysisQuestion, MeasuredPod, MeasuredTrack
from inference_operator.domain.measurement import Family
from inference_operator.domain.names import UnitKey
from inference_operator.planning.analysis.judging import judged

TRACKS = ("stable", "canary")
PODS_OF_TRACK = 2
BOUNDARIES = ("1", "2", "5", "10", "20", "50", "100", "200", "500", "1000", "2000", "+Inf")
FAMILIES = (
    Family.REQUESTS, Family.FAILURES, Family.BUCKETS, Family.FRESHNESS, Family.PROBES,
)  # fmt: skip
_METRICS = (
    AnalysisMetric(name="errors", type=MetricType.ERROR_RATE, max="1%"),
    AnalysisMetric(name="p99", type=MetricType.LATENCY, statistic=Statistic.P99, max="50ms"),
)
_TIMEOUT = 30.0
_BEAT = 0.005
_MIB = 1 << 20
NAMESPACES = 50


def unit(number: int) -> UnitKey:
    return UnitKey("InferenceModel", f"team-{number % NAMESPACES}", f"price-{number}")


def pods(number: int, track: str) -> tuple[str, ...]:
    return tuple(f"price-{number}-{track}-7d9c8f6b5-{each}" for each in range(PODS_OF_TRACK))


def rows(family: Family, units: int, sweep: int, at: float) -> Iterator[dict[str, Any]]:
    """Yield the rows of a family. The counters grow from sweep to sweep."""
    for number in range(units):
        for version, track in enumerate(TRACKS, start=3):
            for pod in pods(number, track):
                labels = {"namespace": unit(number).namespace, "pod": pod}
                if family is Family.FRESHNESS:
                    yield {"metric": labels, "value": [at, str(at - 1)]}
                    continue
                labels |= {"model": unit(number).name, "version": str(version)}
                labels |= {"outcome": "ok"} if family is Family.PROBES else {}
                if family is Family.FAILURES:
                    labels |= {"reason": "BACKEND"}
                if family is not Family.BUCKETS:
                    yield {"metric": labels, "value": [at, str(sweep * 1000)]}
                    continue
                del labels["version"]
                for place, bound in enumerate(BOUNDARIES, start=1):
                    value = str(sweep * 80 * place)
                    yield {"metric": {**labels, "le": bound}, "value": [at, value]}


def serve(units: int, port: "Connection[Any, Any]") -> None:
    """Answer each family's text, until the process is ended."""
    names = {text(family, (), Scope()): family for family in FAMILIES}
    seen: Counter[Family] = Counter()

    def answered(family: Family, at: float) -> Iterator[dict[str, Any]]:
        seen[family] += 1
        return rows(family, units, seen[family], at)

    serve_rows(names, answered, port)


def question(number: int, begun: datetime) -> AnalysisQuestion:
    stable, canary = (
        MeasuredTrack(
            track,
            unit(number).name,
            version,
            pods=tuple(
                MeasuredPod(pod, begun, timedelta(seconds=9)) for pod in pods(number, track)
            ),
        )
        for version, track in enumerate(TRACKS, start=3)
    )
    settings = Analysis(metrics=_METRICS)
    return AnalysisQuestion(unit(number), f"uid-{number}", settings, stable, canary)


async def beats(gaps: list[tuple[float, float]]) -> None:
    """Append by how many seconds each sleep was too long, and the process' seconds of CPU in it."""
    while True:
        began, cpu = time.monotonic(), time.process_time()
        await asyncio.sleep(_BEAT)
        gaps.append((time.monotonic() - began - _BEAT, time.process_time() - cpu))


def replaced(count: int) -> list[dict[str, Any]]:
    """Return that many lists and dicts, four in each row, as bodies of objects are made of them."""
    return [{"spec": {"ports": [number]}, "status": [str(number)]} for number in range(count // 4)]


def full_pass() -> float:
    """Return how many seconds it takes to look for garbage among all objects that are not
    frozen."""
    began = time.perf_counter()
    gc.collect()
    return time.perf_counter() - began


async def measure(uri: str, units: int, sweeps: int) -> None:
    """Sweep so often, and print each sweep's seconds, its longest gaps, and a full pass."""
    begun = datetime.now(UTC) - timedelta(hours=1)
    questions = [question(number, begun) for number in range(units)]
    longest: list[tuple[float, float]] = []
    passes: list[float] = []
    with ThreadPoolExecutor(1) as thread:
        client, telemetry = Prometheus(uri, _TIMEOUT, thread), Telemetry()
        reader = SweepReader(Source(client, AccessFiles(), Scope(), _TIMEOUT), thread, telemetry)
        cadence = Cadence(10.0, 1.0, lambda: datetime.now(UTC))
        canaries = CanaryQuestions(judged, lambda _: None, telemetry)
        sizes = SizeQuestions(lambda _: None, SizeGauges(telemetry.registry), time.monotonic)
        sweeper = Sweeper(reader, canaries, sizes, cadence, telemetry, thread)
        for each in questions:
            sweeper.measure(each)
        for number in range(1, sweeps + 1):
            gaps: list[tuple[float, float]] = []
            began, cpu = time.monotonic(), time.process_time()
            beat = asyncio.create_task(beats(gaps))
            outcome = await sweeper.sweep()
            took, cpu = time.monotonic() - began, time.process_time() - cpu
            beat.cancel()
            walls, cpus = zip(*gaps, strict=True)
            longest.append((max(walls), max(cpus)))
            passes.append(full_pass())
            shown = _shown(longest[-1], passes[-1])
            say(f"sweep {number}: {outcome}, {took:.1f} s, {cpu:.1f} s of CPU, {shown}")
        result = sweeper.measure(questions[-1])
        say(f"the last unit: {result.verdict}, {result.message}")
        await client.close()
    walls, cpus = zip(*longest, strict=True)
    gaps_of_all = _shown((max(walls), max(cpus)), max(passes))
    say(f"{sweeps} sweeps of {units:,} units: {gaps_of_all}")


def _shown(gap: tuple[float, float], full: float) -> str:
    wall, cpu, after = (round(1000 * seconds) for seconds in (*gap, full))
    words = f"longest gap {wall:,} ms, most CPU time in a gap {cpu:,} ms"
    return f"{words}, a full pass afterwards {after:,} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--sweeps", type=int, default=5)
    parser.add_argument("--others", type=int, default=0, help="objects that are not frozen")
    parser.add_argument("--no-freeze", action="store_true", help="freeze nothing")
    given = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    say(f"{platform.machine()}, {os.cpu_count()} cores, load {load}, {platform.python_version()}")
    size = sum(len(body(rows(family, given.units, 9, time.time()))) for family in FAMILIES)
    say(f"answers of {size / _MIB:.1f} MiB a sweep")
    spawn = multiprocessing.get_context("spawn")
    mine, theirs = spawn.Pipe()
    server = spawn.Process(target=serve, args=(given.units, theirs), daemon=True)
    server.start()
    try:
        uri = f"http://127.0.0.1:{mine.recv()}"
        gc.collect()
        if not given.no_freeze:
            gc.freeze()
        others = replaced(given.others)
        asyncio.run(measure(uri, given.units, given.sweeps))
        say(f"{4 * len(others):,} other objects")
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
