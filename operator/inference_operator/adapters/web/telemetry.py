"""The operator's own metrics, in Prometheus' format."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Telemetry:
    """Registry of all metrics; created once, and passed to the code that counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.passes = Counter(
            "inference_operator_passes_total",
            "Passes over one object, by outcome (unchanged, changed, failed).",
            ["outcome"],
            registry=self.registry,
        )
        self.pass_seconds = Histogram(
            "inference_operator_pass_duration_seconds",
            "Duration of a pass, API requests included.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self.queue_depth = Gauge(
            "inference_operator_queue_depth",
            "Objects that wait for a pass.",
            registry=self.registry,
        )
        self.leading = Gauge(
            "inference_operator_leading",
            "1 while this process may write, 0 while it stands by.",
            registry=self.registry,
        )
        self.requests = Counter(
            "inference_operator_api_requests_total",
            "Requests to the API server, by verb, resource and status code.",
            ["verb", "resource", "code"],
            registry=self.registry,
        )
        self.errors = Counter(
            "inference_operator_errors_total",
            "Errors of passes, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self.unreadable = Counter(
            "inference_operator_unreadable_objects_total",
            "Versions of objects that were skipped since they cannot be read, by kind.",
            ["kind"],
            registry=self.registry,
        )
        self._sweeps()

    def _sweeps(self) -> None:
        self.sweeps = Counter(
            "inference_operator_sweeps_total",
            "Sweeps of Prometheus for the metrics of canaries, by outcome (answered, incomplete,"
            " unanswered, failed).",
            ["outcome"],
            registry=self.registry,
        )
        self.sweep_seconds = Histogram(
            "inference_operator_sweep_duration_seconds",
            "Duration of a sweep: its requests, the parsing, and the judgement of all units.",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=self.registry,
        )
        self.sweep_age = Gauge(
            "inference_operator_sweep_age_seconds",
            "Seconds since Prometheus answered a whole sweep; 0 while no unit is measured.",
            registry=self.registry,
        )
        self.sweep_requests = Counter(
            "inference_operator_sweep_requests_total",
            "Queries of sweeps, by outcome (answered, or why not).",
            ["outcome"],
            registry=self.registry,
        )
        self.verdict_changes = Counter(
            "inference_operator_verdict_changes_total",
            "Changes of the verdict on a canary, by the new verdict.",
            ["verdict"],
            registry=self.registry,
        )
