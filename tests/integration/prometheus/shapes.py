"""Shapes of a unit's metrics, and the verdict on each: the rows of docs/analysis.md."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from inference_operator.api.analysis_status import Verdict
from tests.integration.prometheus.measured_units import Unit
from tests.integration.prometheus.triton_pods import FAST, SLOW, Lines

ERRORS = {"name": "m", "type": "ErrorRate", "max": "10%"}
RELATIVE = {"name": "m", "type": "ErrorRate", "maxRelative": "300%"}
P95 = {"name": "m", "type": "Latency", "statistic": "p95", "max": "20ms"}
P95_RELATIVE = {"name": "m", "type": "Latency", "statistic": "p95", "maxRelative": "150%"}
GPUS = {"name": "m", "type": "GPUUtilization", "max": "90%"}


def query(text: str) -> Mapping[str, Any]:
    return {"name": "m", "type": "Prometheus", "query": text, "max": "5"}


Change = Callable[[Unit], None]


def vanished(lines: Lines) -> Lines:
    return []


def without(word: str) -> Callable[[Lines], Lines]:
    """Return the shape without the lines that have a word."""
    return lambda lines: [line for line in lines if word not in line]


def with_value(metric: str, value: str) -> Callable[[Lines], Lines]:
    """Return the shape in which a metric has another value."""
    return lambda lines: [
        f"{line.rpartition(' ')[0]} {value}" if line.startswith(metric) else line for line in lines
    ]


def without_label(metric: str, label: str) -> Callable[[Lines], Lines]:
    pattern = re.compile(rf',{label}="[^"]*"')
    return lambda lines: [
        pattern.sub("", line) if line.startswith(metric) else line for line in lines
    ]


def on_gpu(uuid: str) -> Callable[[Lines], Lines]:
    """Return the shape with the use of a GPU of the pod's."""

    def shape(lines: Lines) -> Lines:
        pod = lines[0].partition("{")[2].partition(",model=")[0]
        return [*lines, f'nv_gpu_utilization{{{pod},gpu_uuid="{uuid}"}} 0.5']

    return shape


def delayed(lines: Lines) -> Lines:
    """Return the lines with the time of 100 s ago."""
    return [f"{line} {round(1000 * (time.time() - 100))}" for line in lines]


def first(shape: Callable[[Lines], Lines]) -> Change:
    """Give one of the canary's pods a shape."""
    return lambda unit: setattr(unit.canary[0], "shape", shape)


def all_of_canary(**changes: Any) -> Change:
    def change(unit: Unit) -> None:
        for pod in unit.canary:
            for name, value in changes.items():
                setattr(pod, name, value)

    return change


def of_stable(number: int, shape: Callable[[Lines], Lines]) -> Change:
    def change(unit: Unit) -> None:
        for pod in unit.stable[:number]:
            pod.shape = shape

    return change


def both(*changes: Change) -> Change:
    def change(unit: Unit) -> None:
        for each in changes:
            each(unit)

    return change


def histograms(unit: Unit) -> None:
    for pod in unit.pods:
        pod.histogram = FAST


def restarted(unit: Unit) -> None:
    for pod in unit.canary:
        pod.restart()


def nothing(unit: Unit) -> None:
    """Leave it as it is."""


@dataclass(frozen=True)
class Row:
    """A shape, and the verdict on the only metric of the unit that gets it."""

    verdict: Verdict
    reason: str = ""
    words: str = ""
    metric: Mapping[str, Any] = field(default_factory=lambda: ERRORS)
    begin: Change = nothing
    """What the unit is before its first sweep."""

    change: Change | None = None
    """The shape, which the unit gets after it has passed; None if it has one from the beginning."""


def no_data(reason: str, words: str, **others: Any) -> Row:
    return Row(Verdict.NO_DATA, reason, words, **others)


REQUESTS, FAILURES = "nv_inference_request_success", "nv_inference_request_failure"
OF_PODS = f"count(max by (pod) ({REQUESTS}{{namespace=$namespace,pod=~$pods}}))"
ROWS: Mapping[str, Row] = {
    "series-of-other-pods": no_data(
        "NoSeries", "2 of 2 pods of the canary", change=all_of_canary(shape=vanished)
    ),
    "not-a-number": no_data("NotFinite", "NotANumber", change=first(with_value(REQUESTS, "NaN"))),
    "infinite": no_data("NotFinite", "Infinite", change=first(with_value(REQUESTS, "+Inf"))),
    "negative": no_data("NotFinite", "Negative", change=first(with_value(REQUESTS, "-5"))),
    "too-large": no_data("NotFinite", "1e+16", change=first(with_value(FAILURES, "1e16"))),
    "all-not-a-number": no_data(
        "NotFinite", "NotANumber", change=all_of_canary(shape=with_value(REQUESTS, "NaN"))
    ),
    "without-model": no_data(
        "NoSeries", "have no series", change=all_of_canary(shape=without_label(REQUESTS, "model"))
    ),
    "without-version": no_data(
        "LabelMissing",
        "LabelMissing",
        change=all_of_canary(shape=without_label(REQUESTS, "version")),
    ),
    "without-reason": no_data(
        "LabelMissing",
        "LabelMissing",
        change=all_of_canary(shape=without_label(FAILURES, "reason")),
    ),
    "without-failures": no_data(
        "NoSeries", "have no series", change=all_of_canary(shape=without(FAILURES))
    ),
    "old-samples": no_data("Stale", "too old", begin=all_of_canary(shape=delayed)),
    "half-good": no_data("Partial", "1 of 2 pods", change=first(vanished)),
    "half-bad": Row(Verdict.FAIL, change=both(first(vanished), all_of_canary(failing=0.5))),
    "few-of-stable": no_data(
        "Partial", "stable revision", metric=RELATIVE, change=of_stable(2, vanished)
    ),
    "few-of-stable-absolute": Row(Verdict.PASS, change=of_stable(2, vanished)),
    "no-histogram": no_data("NoHistogram", "Triton 26.01", metric=P95),
    "small-histogram": no_data(
        "NoBoundary", "latencyBuckets", metric={**P95, "max": "70ms"}, begin=histograms
    ),
    "no-gpus": no_data("NoSeries", "0 of 2 pods have GPU metrics", metric=GPUS),
    "shared-gpu": no_data(
        "SharedGPU", "share the GPU GPU-7", metric=GPUS, begin=all_of_canary(shape=on_gpu("GPU-7"))
    ),
    "new-pods": Row(
        Verdict.LOW_TRAFFIC,
        "Young",
        "too new",
        begin=both(
            all_of_canary(shape=vanished),
            lambda unit: setattr(unit, "ready_for", timedelta(seconds=1)),
        ),
    ),
    "no-requests": Row(
        Verdict.LOW_TRAFFIC,
        "",
        "the canary has had no requests yet",
        begin=all_of_canary(requests=0.0),
    ),
    "few-requests": Row(
        Verdict.LOW_TRAFFIC, "", "are missing", begin=all_of_canary(requests=0.5, failing=0.0)
    ),
    "more-load": Row(
        Verdict.INCOMPARABLE,
        "",
        "more pods",
        metric=RELATIVE,
        begin=all_of_canary(requests=8000.0, failing=0.08),
    ),
    "counters-begin-again": Row(Verdict.PASS, change=restarted),
    "query-without-series": no_data("NoSeries", "", metric=query("absent_metric")),
    "query-with-series": no_data(
        "Ambiguous", "pod=", metric=query(f"{REQUESTS}{{namespace=$namespace,model=$model}}")
    ),
    "query-without-a-number": no_data("NotANumber", "", metric=query("0/0")),
    "query-of-pods": Row(
        Verdict.PASS,
        words="2 is within 3 (100% of stable)",
        metric={**query(OF_PODS), "max": "9", "maxRelative": "100%"},
        change=nothing,
    ),
    "fast": Row(Verdict.PASS, metric=P95, begin=histograms, change=nothing),
    "slow": Row(
        Verdict.FAIL,
        words="were slower than 20ms",
        metric=P95,
        begin=histograms,
        change=all_of_canary(histogram=SLOW),
    ),
    "as-fast-as-stable": Row(Verdict.PASS, metric=P95_RELATIVE, begin=histograms, change=nothing),
    "slower-than-stable": Row(
        Verdict.FAIL,
        words="of the stable revision's share",
        metric=P95_RELATIVE,
        begin=both(histograms, all_of_canary(histogram=SLOW)),
    ),
    "as-many-errors-as-stable": Row(Verdict.PASS, metric=RELATIVE, change=nothing),
    "more-errors-than-stable": Row(
        Verdict.FAIL, words="of stable", metric=RELATIVE, change=all_of_canary(failing=0.08)
    ),
    "beside-another-tenant": Row(Verdict.PASS, change=nothing),
}
"""Rows by the name of their unit."""
