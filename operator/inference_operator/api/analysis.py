"""`spec.rollout.canary.analysis`: how the metrics of a canary are judged."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

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
        r"[1-9][0-9]{2,3}(\.[0-9]{1,3})?%",
        "a percentage from 100% to 1000%",
        "write 110% for a tenth more than the stable revision",
    ),
]


class AnalysisMetric(ApiModel):
    """One metric of the canary, and the limits that it must keep."""

    name: MetricName
    """Name of the metric, which steps and the status use."""

    type: MetricType
    """ErrorRate: failed requests of all. Latency: time from the request to its answer. QueueTime:
    mean time in Triton's queue. GPUUtilization: mean use of the pods' GPUs. Prometheus: the answer
    to `query`."""

    statistic: Statistic | None = None
    """For Latency: a percentile, or the mean of the requests that succeeded."""

    query: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)] | None = None
    """For Prometheus: a query that answers one series. $namespace, $model and $revision stand for
    texts in quotes, and $window for a duration."""

    max: Limit | None = None
    """Largest value that a canary may have."""

    max_relative: Ratio | None = None
    """Largest value in percent of the stable revision's over the same time."""

    mode: MetricMode = MetricMode.ENFORCE
    """Enforce: the metric decides. DryRun: its verdicts are only shown."""


Metrics = Annotated[
    tuple[AnalysisMetric, ...], Field(min_length=1, max_length=MOST_METRICS), UniqueBy("name")
]


class Analysis(ApiModel):
    """How the metrics of a canary are judged, in the background and at steps `analysis`."""

    rules: ClassVar[tuple[Rule, ...]] = ()

    starting_step: Annotated[Int, Field(ge=0, le=31)] = 0
    """The step from which on the canary is judged in the background, the first one being 0."""

    interval: Duration = timedelta(seconds=15)
    """Time between two judgements: 10s or more."""

    window: Window = Window.ONE_MINUTE
    """Time over which means, GPU utilisation and queries are taken."""

    initial_delay: Duration | None = None
    """How long requests of a new pod do not count, since its caches are cold. Absent: as long as
    the pod took to start."""

    failures: Annotated[Int, Field(ge=1, le=10)] = 2
    """Failing windows ... of means, GPU utilisation and queries that abort."""

    out_of: Annotated[Int, Field(ge=1, le=10)] = 3
    """... of the last so many windows."""

    min_samples: Annotated[Int, Field(ge=1, le=1_000_000)] = 100
    """Requests of each track that it takes to pass."""

    max_hold: Duration = timedelta(minutes=30)
    """How long a step may wait for data, not counting the time in which Prometheus does not
    answer."""

    on_timeout: OnTimeout = OnTimeout.PAUSE
    """What happens then: the rollout waits for a person, is aborted, or goes on."""

    metrics: Metrics
    """The metrics, each with its limits."""
