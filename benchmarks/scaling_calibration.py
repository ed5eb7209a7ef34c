"""The simulated Triton beside the real one: latency of independent requests at three loads.

`python -m benchmarks.scaling_calibration --output FILE` starts a Triton on loopback, measures how
long it takes for batches of one request and for whole ones, and lets `perf_analyzer` send requests
at 30, 60 and 80 % of the capacity that follows, five times each. The simulation gets the same
batch times and the same rate. It takes about five minutes a model, on a machine that should be
quiet.
"""

import argparse
import json
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from benchmarks.controller.machine import about
from benchmarks.serving.models import Case, lay_out, request_file
from benchmarks.serving.perf_analyzer import Load, measure
from hack.console import reported, say
from hack.images.local_triton import LocalTriton
from inference_operator.cli.scaling_simulation.server import Server
from inference_operator.cli.scaling_simulation.service import Service
from training.precision import Precision

LOADS = (0.3, 0.6, 0.8)
"""Shares of the capacity."""

MOST_DEVIATION = 0.15
"""Largest deviation of the simulation's percentiles that is good enough."""

_FOLDER = Path("build/benchmarks/calibration")
_SIMULATED_SECONDS = 600
_BASE, _ITEM = 0.020, 0.005
_SLEEPING = f"""
import time
import numpy
import triton_python_backend_utils as utils

class TritonPythonModel:
    def execute(self, requests):
        time.sleep({_BASE} + {_ITEM} * len(requests))
        tensor = utils.Tensor("y", numpy.zeros((1, 1), numpy.float32))
        return [utils.InferenceResponse([tensor]) for _ in requests]
"""
_CONFIG = """
backend: "python"
max_batch_size: 8
input {name: "x" data_type: TYPE_FP32 dims: [1]}
output {name: "y" data_type: TYPE_FP32 dims: [1]}
instance_group {kind: KIND_CPU count: 1}
dynamic_batching {max_queue_delay_microseconds: 5000}
"""
_NETWORK = Case("sentiment_transformer", 16, "onnx", Precision.INT8)


@dataclass(frozen=True, slots=True)
class Subject:
    """A model that is measured."""

    name: str
    repository: Path
    data: Path
    max_batch: int
    delay: float
    """Longest time in the queue for others to join, in seconds."""

    whole_rows: int = 1
    """Rows of a request that makes a whole batch; 1 where only requests are counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One load: what was measured and what the simulation says, in ms."""

    model: str
    load: float
    rate: float
    """Requests a second: the median of what was answered."""

    runs: tuple[tuple[float, float], ...]
    """p50 and p95 of each run."""

    measured: tuple[float, float]
    simulated: tuple[float, float]

    @property
    def deviations(self) -> tuple[float, float]:
        """How far the simulation is from what was measured, as a share of that."""
        p50, p95 = (s / m - 1 for s, m in zip(self.simulated, self.measured, strict=True))
        return p50, p95

    @property
    def is_met(self) -> bool:
        return all(abs(each) <= MOST_DEVIATION for each in self.deviations)


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="JSON of all runs")
    parser.add_argument("--runs", type=int, default=5, help="of each load (%(default)s)")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each run (%(default)s)")
    parser.add_argument("--only", choices=["sleeping", "network"], help="measure one model only")
    given = parser.parse_args(arguments)
    with reported():
        made = {"sleeping": sleeping, "network": network}
        subjects = [make() for name, make in made.items() if given.only in (None, name)]
        rows = [row for each in subjects for row in calibrated(each, given.runs, given.seconds)]
        if given.output:
            content = {"machine": about(), "rows": [asdict(row) for row in rows]}
            given.output.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        say(table(rows))
    return 0


def sleeping() -> Subject:
    """Return a model that sleeps for as long as its batch should take: only Triton's queue and
    batches are measured, and no other work on the machine."""
    repository = _FOLDER / "sleeping"
    version = repository / "sleeping" / "1"
    version.mkdir(parents=True, exist_ok=True)
    (version / "model.py").write_text(_SLEEPING)
    (version.parent / "config.pbtxt").write_text(f'name: "sleeping"\n{_CONFIG}')
    data = _FOLDER / "sleeping.json"
    data.write_text(json.dumps({"data": [{"x": {"content": [0.0], "shape": [1]}}]}))
    return Subject("sleeping", repository, data, 8, 0.005)


def network() -> Subject:
    """Return the transformer of the samples in INT8, as the operator configures it."""
    repository = lay_out(_FOLDER, (_NETWORK,))
    data = request_file(_NETWORK, _FOLDER)
    return Subject(_NETWORK.name, repository, data, _NETWORK.batch, 0.0005, _NETWORK.batch)


def calibrated(subject: Subject, runs: int, seconds: float) -> list[Row]:
    """Return the rows of a model."""
    with LocalTriton(subject.repository) as triton:
        single, overhead = _batch_time(triton, subject, 1)
        # A batch that sleeps takes so much longer, by its code.
        full = single + _ITEM * (subject.max_batch - 1)
        if subject.whole_rows > 1:
            full, _ = _batch_time(triton, subject, subject.whole_rows)
        item = (full - single) / (subject.max_batch - 1)
        service = Service(single - item, item, subject.max_batch, subject.delay)
        say(f"{subject.name}: {service}, client's own time {1000 * overhead:.2f} ms")
        rows = []
        for share in LOADS:
            load = Load(subject.name, 1, 1, subject.data, seconds, False, share * service.capacity)
            answers = [measure(triton.grpc, load) for _ in range(runs)]
            rate = statistics.median(each.requests for each in answers)
            rows.append(
                Row(
                    subject.name,
                    share,
                    rate,
                    tuple((each.p50, each.p95) for each in answers),
                    (
                        statistics.median(each.p50 for each in answers),
                        statistics.median(each.p95 for each in answers),
                    ),
                    simulated(service, rate, overhead),
                )
            )
            say(table(rows[-1:]).splitlines()[-1])
    return rows


def _batch_time(triton: LocalTriton, subject: Subject, rows: int) -> tuple[float, float]:
    """Return how long Triton computes a request of so many rows, and what the client adds to the
    time of a request, in seconds."""
    load = Load(subject.name, rows, 1, subject.data, 3.0, False)
    measure(triton.grpc, load)
    before = triton.samples()
    answered = measure(triton.grpc, load)
    grown = {name: value - before.get(name, 0.0) for name, value in triton.samples().items()}

    def growth(metric: str) -> float:
        return sum(value for name, value in grown.items() if name.startswith(f"{metric}{{"))

    parts = ("input", "infer", "output")
    computed = sum(growth(f"nv_inference_compute_{part}_duration_us") for part in parts)
    batch = computed / growth("nv_inference_exec_count") / 1e6
    queued = growth("nv_inference_queue_duration_us") / growth("nv_inference_request_success") / 1e6
    return batch, max(answered.p50 / 1e3 - batch - queued, 0.0)


def simulated(service: Service, rate: float, overhead: float, seed: int = 1) -> tuple[float, float]:
    """Return p50 and p95 of independent requests in ms, of one pod of the simulation.

    >>> simulated(Service(0.02, 0.0, 1), 0.001, 0.001)
    (21.0, 21.0)
    """
    chance, latencies = Random(seed), list[float]()
    server = Server(service, 0.0, chance)

    def answered(arrival: float, latency: float) -> None:
        latencies.append(latency)

    time = 0.0
    while time < max(_SIMULATED_SECONDS, 10 / rate):
        time += chance.expovariate(rate)
        server.serve(time, answered)
        server.receive(time, answered)
    server.serve(math.inf, answered)
    cuts = statistics.quantiles(latencies, n=20, method="inclusive")
    return round(1e3 * (cuts[9] + overhead), 3), round(1e3 * (cuts[18] + overhead), 3)


def table(rows: Sequence[Row]) -> str:
    """Return the rows as Markdown."""
    lines = [
        "| model | load | req/s | p50: real, simulated | | p95: real, simulated | | within 15 % |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        pairs = zip(row.measured, row.simulated, row.deviations, strict=True)
        cells = [f"{m:.1f}, {s:.1f} ms | {100 * d:+.0f} %" for m, s, d in pairs]
        met = "yes" if row.is_met else "**no**"
        head = f"| {row.model} | {100 * row.load:.0f} % | {row.rate:.0f}"
        lines.append(f"{head} | {' | '.join(cells)} | {met} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
