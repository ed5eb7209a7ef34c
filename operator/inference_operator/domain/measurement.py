"""Measured values of serving pods, as one query of a metric family answers them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from inference_operator.api.analysis import Window


class Family(StrEnum):
    """A family of metrics that one query asks for."""

    REQUESTS = "requests"
    FAILURES = "failures"
    REQUEST_TIME = "request_time"
    QUEUE_TIME = "queue_time"
    INFERENCES = "inferences"
    EXECUTIONS = "executions"
    PENDING = "pending"
    BUCKETS = "buckets"
    GPU_UTILIZATION = "gpu_utilization"
    GPU_MEMORY = "gpu_memory"
    FRESHNESS = "freshness"
    GATEWAY_BUCKETS = "gateway_buckets"
    GATEWAY_FRESHNESS = "gateway_freshness"
    """When a gateway's histogram of a Service was scraped last."""

    PROBES = "probes"
    """Requests that the sidecar of a pod sent. Triton counts them as a client's."""


GATEWAY_FAMILIES = frozenset({Family.GATEWAY_BUCKETS, Family.GATEWAY_FRESHNESS})
"""Families of a gateway. Their rows name a Service and no pod."""


class Unusable(StrEnum):
    """Why a sample has no value. None of these means zero."""

    NOT_A_NUMBER = "NotANumber"
    INFINITE = "Infinite"
    NEGATIVE = "Negative"
    LABEL_MISSING = "LabelMissing"
    LABEL_TOO_LONG = "LabelTooLong"


@dataclass(frozen=True, slots=True)
class PodName:
    """The namespace and the name that a series has for its pod."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class ServiceName:
    """A Service that a gateway leads requests to."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of one pod, or why it has none."""

    pod: PodName | None
    """None for a family of the gateway's, which has no pods of units."""

    window: Window | None
    """None for a family that has no window."""

    labels: tuple[str, ...]
    """Values of the family's other labels, in the family's order; "" for one that is missing."""

    value: float | Unusable


@dataclass(frozen=True, slots=True)
class FamilySamples:
    """The answer for one family, of all pods that the query selects."""

    samples: tuple[Sample, ...]
    rows_without_pod: int
    """Rows that name no pod, or have a name that no pod can have."""

    rows_without_window: int
    """Rows of a family with windows that name none of them."""

    warnings: tuple[str, ...]
    """Prometheus' warnings. With any, samples may be missing."""

    crowded: frozenset[str] = frozenset()
    """Namespaces with more rows than an answer has of one. None of them is a sample."""


class NoValue(StrEnum):
    """Why a user's query has no value that can be compared."""

    NO_SERIES = "NoSeries"
    AMBIGUOUS = "Ambiguous"
    NOT_A_NUMBER = "NotANumber"
    INFINITE = "Infinite"


@dataclass(frozen=True, slots=True)
class QueryValue:
    """The answer to a user's query. Its value may be negative."""

    value: float | NoValue
    series: tuple[str, ...] = ()
    """Labels of the first series where there are several, as `{a="b"}`."""

    warnings: tuple[str, ...] = ()


class Outage(StrEnum):
    """Why a query has no answer."""

    UNREACHABLE = "PrometheusUnreachable"
    TIMED_OUT = "PrometheusTimedOut"
    REFUSED = "PrometheusRefused"
    """It answered with an error, or with something that is no answer of Prometheus."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A query without an answer: why, and the server's own words."""

    outage: Outage
    message: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """The answers to all queries of one sweep, at one evaluation time."""

    at: datetime
    """Prometheus' evaluation time, the same for all queries."""

    families: Mapping[Family, FamilySamples | NoAnswer]
    by_pod: Mapping[PodName, Mapping[Family, tuple[Sample, ...]]]
    """The samples of the families, by the pod that they name."""

    queries: Mapping[str, QueryValue | NoAnswer] = field(default_factory=dict)
    """The answers to users' queries, by their text."""

    shared_gpus: Mapping[str, tuple[PodName, PodName]] = field(default_factory=dict)
    """Two of the pods that use the same GPU, by its UUID. GPUs of one pod are not in it."""

    by_service: Mapping[ServiceName, Mapping[Family, tuple[Sample, ...]]] = field(
        default_factory=dict
    )
    """The gateway's samples, by the Service that they are of."""

    age_limit: float = 60.0
    """Seconds after which a pod's newest sample is too old: two scrapes and the delay."""

    interval: float = 10.0
    """Seconds between the beginnings of two sweeps, if none of them is late."""
