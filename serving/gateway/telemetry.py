"""Prometheus metrics of the gateway. No symbol and no key is ever a label."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from serving.gateway.outbox import Outbox

# A boundary at each objective that routes are measured by: 20, 40 and 60 ms.
SECONDS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
)  # fmt: skip
_CONFIDENCES = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
_LAGS = (0, 60, 600, 3600, 6 * 3600, 86_400, 2 * 86_400, 3 * 86_400, 5 * 86_400, 10 * 86_400)


class Telemetry:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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
        self.registry.register(_Watched(in_flight, retried, outbox))


class _Watched(Collector):
    def __init__(
        self, in_flight: Callable[[], int], retried: Callable[[], int], outbox: Outbox | None
    ) -> None:
        self._in_flight, self._retried, self._outbox = in_flight, retried, outbox

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        name = "inference_gateway_requests_in_flight"
        yield GaugeMetricFamily(name, "Predictions that run now.", self._in_flight())
        name = "inference_gateway_retries"
        yield CounterMetricFamily(name, "Calls to Triton that were tried again.", self._retried())
        if self._outbox is None:
            return
        counts = self._outbox.counts
        name = "inference_gateway_outbox_waiting"
        yield GaugeMetricFamily(name, "Records that wait to be written.", self._outbox.waiting)
        name = "inference_gateway_outbox_accepted"
        yield CounterMetricFamily(name, "Records that were taken.", counts.accepted)
        name = "inference_gateway_outbox_written"
        yield CounterMetricFamily(name, "Records that were written.", counts.written)
        name = "inference_gateway_outbox_dropped"
        dropped = CounterMetricFamily(name, "Records that were lost.", labels=["cause"])
        for cause in ("queue_full", "folder_full", "shutdown"):
            dropped.add_metric([cause], counts.dropped.get(cause, 0))
        yield dropped
