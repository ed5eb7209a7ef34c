"""`spec.rollout.canary.analysis`: how the metrics of a canary are judged."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.analysis_rules import ANALYSIS_RULES, METRIC_RULES
from inference_operator.api.base import ApiModel, Duration, Int
from inference_operator.api.rules import Rule, UniqueBy, text

MOST_METRICS = 10
LONGEST_QUERY = 2000


class Window(StrEnum):
    """Time over which a value is summed or averaged. There are few, so that units share them."""

    TEN_SECONDS = "10s"
    THIRTY_SECONDS = "30s"
    ONE_MINUTE = "1m"
    TWO_MINUTES = "2m"
    FIVE_MINUTES = "5m"
    TEN_MINUTES = "10m"

    @property
    def length(self) -> timedelta:
        """Return the length of the window.

        >>> Window.TWO_MINUTES.length
        datetime.timedelta(seconds=120)
        """
        unit = 60 if self.endswith("m") else 1
        return timedelta(seconds=int(self[:-1]) * unit)


class MetricType(StrEnum):
    """What a metric measures."""

    ERROR_RATE = "ErrorRate"
    LATENCY = "Latency"
    QUEUE_TIME = "QueueTime"
    GPU_UTILIZATION = "GPUUtilization"
    PROMETHEUS = "Prometheus"


class Statistic(StrEnum):
    """Which latency of all requests is compared."""

    P50 = "p50"
    P95 = "p95"
    P99 = "p99"
    MEAN = "mean"


class MetricMode(StrEnum):
    """Whether a metric decides."""

    ENFORCE = "Enforce"
    DRY_RUN = "DryRun"


class ComparedWith(StrEnum):
    """Whose requests relative limits compare a canary with."""

    STABLE = "Stable"
    BASELINE = "Baseline"


class OnTimeout(StrEnum):
    """What happens to a canary that could not be judged for `maxHold`."""

    PAUSE = "Pause"
    ABORT = "Abort"
    PROMOTE = "Promote"


MetricName = Annotated[
    str,
    Field(min_length=1, max_length=63),
    text(
        r"[a-z0-9]([-a-z0-9]*[a-z0-9])?",
        "lower-case letters, digits and '-', with a letter or digit at both ends",
        "choose a short name such as errors",
    ),
]
Limit = Annotated[
    str,
    Field(min_length=1, max_length=24),
    text(
        r"[0-9]{1,9}(\.[0-9]{1,9})?(%|us|ms|s)?",
        "a percentage such as 1%, a duration such as 20ms, or a number such as 0.2",
        "write one number, and the unit of the metric",
    ),
]
Ratio = Annotated[
    str,
    Field(min_length=1, max_length=24),
    text(
        r"([1-9][0-9]{2}(\.[0-9]{1,3})?|1000(\.0{1,3})?)%",
        "a percentage from 100% to 1000%",
        "write 110% for a tenth more than the stable revision",
    ),
]


class AnalysisMetric(ApiModel):
    """One metric of the canary, and the limits that it must keep."""

    rules: ClassVar[tuple[Rule, ...]] = METRIC_RULES

    name: MetricName
    """Name of the metric, which steps and the status use."""

    type: MetricType
    """ErrorRate: failed requests of all. Latency: time from a request to its answer. QueueTime:
    mean time in Triton's queue. GPUUtilization: mean use of the pods' GPUs. Prometheus: the answer
    to `query`."""

    statistic: Statistic | None = None
    """For Latency: the percentile of all requests, or the mean of those that succeeded. A
    percentile needs a histogram: that of Triton 26.01 or later, or that of a gateway."""

    query: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)] | None = None
    """For Prometheus: a query that answers one series. The operator writes `$namespace`, `$model`
    and `$revision` as texts with their quotes, `$window` as a duration, and `$pods`, for `=~`, as
    an expression of the names of the ready pods."""

    max: Limit | None = None
    """Largest value that a canary may have: a percentage for ErrorRate and GPUUtilization, a
    duration for Latency and QueueTime, a number for Prometheus."""

    max_relative: Ratio | None = None
    """Largest value in percent of what the stable revision has at the same time: 110% allows a
    tenth more. With `max`, both limits must be kept."""

    mode: MetricMode = MetricMode.ENFORCE
    """Enforce: the metric decides. DryRun: its verdicts are shown, and decide nothing."""

    @property
    def is_share(self) -> bool:
        """Return whether it is judged as a share of the requests: errors, and a percentile."""
        if self.type is MetricType.LATENCY:
            return self.statistic is not Statistic.MEAN
        return self.type is MetricType.ERROR_RATE


Metrics = Annotated[
    tuple[AnalysisMetric, ...], Field(min_length=1, max_length=MOST_METRICS), UniqueBy("name")
]


class Analysis(ApiModel):
    """How the metrics of a canary are judged: in the background, and at steps `analysis`. A canary
    that fails is aborted. One that cannot be judged gets no more clients, and is not promoted."""

    rules: ClassVar[tuple[Rule, ...]] = ANALYSIS_RULES

    starting_step: Annotated[Int, Field(ge=0, le=31)] = 0
    """The step from which on the canary is judged in the background, the first one being 0. An
    analysis step before it is judged too."""

    interval: Duration = timedelta(seconds=15)
    """Time between two judgements that a step `analysis` counts: 10s or more."""

    window: Window = Window.ONE_MINUTE
    """Time over which means, GPU utilisation and queries are taken."""

    initial_delay: Duration | None = None
    """How long the requests of a new pod do not count, since its caches are cold. Absent: as
    long as the pod took to start, at most 10m."""

    failures: Annotated[Int, Field(ge=1, le=10)] = 2
    """For means, GPU utilisation and queries: the canary fails if so many windows of the last
    `outOf` are above the limit."""

    out_of: Annotated[Int, Field(ge=1, le=10)] = 3
    """For means, GPU utilisation and queries: number of the last windows that count."""

    min_samples: Annotated[Int, Field(ge=1, le=1_000_000)] = 100
    """Least number of the canary's requests for a verdict Pass."""

    max_hold: Duration = timedelta(minutes=30)
    """How long the rollout waits for a verdict. Time in which Prometheus does not answer does not
    count."""

    on_timeout: OnTimeout = OnTimeout.PAUSE
    """What happens after `maxHold`. Pause: the rollout waits for a person. Abort: the stable
    revision serves again. Promote: the rollout goes on as if the metrics had passed."""

    compared_with: ComparedWith = ComparedWith.STABLE
    """Whose requests `maxRelative` compares with. Stable: those of all pods of the stable revision.
    Baseline: those of new pods of the stable revision, as many as the canary has, which run as
    long as the canary does. They cost room. A `query` compares with them if it has `$pods`; a
    percentile of a gateway compares with all pods."""

    metrics: Metrics
    """The metrics, each with its limits."""

    @property
    def has_baseline(self) -> bool:
        """Return whether a canary is compared with new pods of the stable revision."""
        return self.compared_with is ComparedWith.BASELINE
