"""Prometheus metrics of the gateway. No symbol and no key is ever a label.

With several workers, prometheus_client keeps the numbers of each in a folder, and adds them up.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from serving.gateway.outbox import Outbox, OutboxCounts
from serving.gateway.tracing import DROP_CAUSES, SpanCounts

# A boundary at each objective that routes are measured by: 20, 40 and 60 ms.
SECONDS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
)  # fmt: skip
_CONFIDENCES = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
_LAGS = (0, 60, 600, 3600, 6 * 3600, 86_400, 2 * 86_400, 3 * 86_400, 5 * 86_400, 10 * 86_400)


class Telemetry:
    """The metrics of one process; `folder` has those of all workers, if there are several."""

    def __init__(self, folder: Path | None = None) -> None:
        self.registry, self._folder = CollectorRegistry(), folder
        self._read: list[_Read] = []
        labels = ("route", "model", "version", "code")
        self.requests = Histogram(
            "inference_gateway_request_seconds",
            "Time from a request's head to its answer.",
            labels,
            buckets=SECONDS,
            registry=self.registry,
        )
        self.refused = Counter(
            "inference_gateway_refused_total",
            "Requests that got a problem, by its reason.",
            ("route", "reason"),
            registry=self.registry,
        )
        self.lookups = Counter(
            "inference_gateway_cache_lookups_total",
            "Predictions by what the cache had: hit, miss, shared (one call for several), off.",
            ("route", "outcome"),
            registry=self.registry,
        )
        self.store_failures = Counter(
            "inference_gateway_cache_failures_total",
            "Calls to a store of answers that were given up; the prediction went on.",
            ("store", "call"),
            registry=self.registry,
        )
        self.lag = Histogram(
            "inference_gateway_feature_lag_seconds",
            "Age of the newest bar of a prediction.",
            ("route",),
            buckets=_LAGS,
            registry=self.registry,
        )
        self.freshness = Counter(
            "inference_gateway_predictions_by_freshness_total",
            "Predictions by the age of their bars: fresh, stale, unknown.",
            ("route", "freshness"),
            registry=self.registry,
        )
        self.confidence = Histogram(
            "inference_gateway_confidence",
            "Confidence of predictions.",
            ("route", "model", "version"),
            buckets=_CONFIDENCES,
            registry=self.registry,
        )

    def watch(
        self, in_flight: Callable[[], int], retried: Callable[[], int], outbox: Outbox | None
    ) -> None:
        """Show the requests in flight, the calls to Triton again, and the records of the outbox."""
        self._gauge("requests_in_flight", "Predictions that run now.", in_flight)
        self._counter("retries", "Calls to Triton that were tried again.", retried)
        if outbox is None:
            return
        counts = outbox.counts
        waiting = "Records that wait to be written."
        self._gauge("outbox_waiting", waiting, lambda: outbox.waiting)
        self._counter("outbox_accepted", "Records that were taken.", lambda: counts.accepted)
        self._counter("outbox_written", "Records that were written.", lambda: counts.written)
        self._counter("outbox_sent", "Records that the monitor took.", lambda: counts.sent)
        self._counter("outbox_spooled", "Records put into files first.", lambda: counts.spooled)
        causes = ("queue_full", "folder_full", "refused", "shutdown")
        self._dropped("outbox", "Records that were lost.", causes, partial(_dropped, counts))

    def watch_spans(self, counts: SpanCounts) -> None:
        """Show the spans that were sent, and those that were lost."""
        self._counter("spans_sent", "Spans that the collector took.", lambda: counts.sent)
        self._dropped("spans", "Spans that were lost.", DROP_CAUSES, counts.lost)

    def refresh(self) -> None:
        """Read the numbers that other parts of this process count."""
        for each in self._read:
            each.refresh()

    def exposition(self) -> bytes:
        """Return the metrics of all workers for Prometheus. It blocks where there are several."""
        if self._folder is None:
            return generate_latest(self.registry)
        _forget_gauges_of_the_dead(self._folder)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def _gauge(self, name: str, text: str, read: Callable[[], int]) -> None:
        gauge = Gauge(
            f"inference_gateway_{name}", text, registry=self.registry, multiprocess_mode="livesum"
        )
        self._read.append(_Read(gauge, read))

    def _dropped(
        self, name: str, text: str, causes: tuple[str, ...], read: Callable[[str], int]
    ) -> None:
        name = f"inference_gateway_{name}_dropped_total"
        dropped = Counter(name, text, ("cause",), registry=self.registry)
        self._read += [_Read(dropped.labels(cause), partial(read, cause)) for cause in causes]

    def _counter(self, name: str, text: str, read: Callable[[], int]) -> None:
        counter = Counter(f"inference_gateway_{name}_total", text, registry=self.registry)
        self._read.append(_Read(counter, read))


@dataclass(slots=True)
class _Read:
    """A metric of a number that another part of the process counts."""

    metric: Counter | Gauge
    read: Callable[[], int]
    last: int = 0

    def refresh(self) -> None:
        number = self.read()
        # A counter that a worker adds to has the numbers of its predecessor too.
        self.metric.inc(number - self.last)
        self.last = number


def _dropped(counts: OutboxCounts, cause: str) -> int:
    return counts.dropped.get(cause, 0)


def _forget_gauges_of_the_dead(folder: Path) -> None:
    for file in folder.glob("gauge_live*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            file.unlink(missing_ok=True)
