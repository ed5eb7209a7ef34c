"""A Triton with the pipeline, and what is read off it under load."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.ensemble.clients import Asking, Row, differ
from benchmarks.ensemble.rows import request_file, rows
from benchmarks.ensemble.variants import Variant, models_alone
from benchmarks.serving.perf_analyzer import Load, measure
from hack.console import StepError
from hack.demo.trading import Trading
from hack.images.local_triton import LocalTriton

# What 300 to 400 req/s of 25 to 35 ms imply.
REFERENCE_IN_FLIGHT = 10
REQUESTS = Path("build/benchmarks/ensemble/requests.json")


def prepare() -> list[Row]:
    """Return the requests, also as perf_analyzer reads them."""
    asked = rows(200)
    request_file(asked, REQUESTS)
    return asked


@contextmanager
def served(trading: Trading) -> Iterator[LocalTriton]:
    """Yield a Triton with the pipeline, its steps, and its models alone; not cold."""
    with tempfile.TemporaryDirectory() as folder:
        for each in (trading, models_alone(trading)):
            each.lay_out(Path(folder))
        with LocalTriton(Path(folder), timeout_s=240) as triton:
            measure(triton.grpc, Load(trading.name, 1, 2, REQUESTS, 2.0, steady=False))
            yield triton


def demand_agreement(client: Asking, asked: list[Row]) -> None:
    """Raise StepError unless the ensemble answers as its steps do, called one by one."""
    for row in asked[:5]:
        if (off := differ(client.whole(row), client.one_by_one(row))) > 1e-5:
            raise StepError(
                f"the ensemble is off by {off:.1e} from its steps called one by one",
                "run the tests of tests/integration/ensemble: one of both is wrong",
            )


def under_load(
    triton: LocalTriton, variant: Variant, trading: Trading, rows: int, seconds: float
) -> dict[str, Any]:
    """Measure with perf_analyzer, with as many in flight as the reference implies."""
    load = Load(trading.name, rows, REFERENCE_IN_FLIGHT, REQUESTS, seconds * 3)
    figures = asdict(measure(triton.grpc, load))
    return {"variant": variant.name, "about": variant.about, "batch": rows, **figures}


@contextmanager
def spending(triton: LocalTriton, trading: Trading) -> Iterator[dict[str, Any]]:
    """Fill in, at the end, the milliseconds of a request in each step and in its queue."""
    models = {
        step.name: step.model_ref.name if step.model_ref else step.name
        for step in trading.pipeline.steps
    }
    before = {step: _counters(triton, model) for step, model in models.items()}
    shares: dict[str, Any] = {}
    yield shares
    for step, model in models.items():
        now = _counters(triton, model)
        spent = {name: now[name] - before[step][name] for name in now}
        count = max(spent.pop("count"), 1.0)
        shares[step] = {name: round(us / count / 1000, 3) for name, us in spent.items()}


def _counters(triton: LocalTriton, model: str) -> dict[str, float]:
    durations = {
        "total": triton.metric("nv_inference_request_duration_us", model=model),
        "queue": triton.metric("nv_inference_queue_duration_us", model=model),
        "compute": triton.metric("nv_inference_compute_infer_duration_us", model=model),
    }
    return {**durations, "count": triton.metric("nv_inference_request_success", model=model)}
