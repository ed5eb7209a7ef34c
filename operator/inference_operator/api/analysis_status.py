"""`status.analysis`: the last verdict on a canary, and the evidence that it rests on."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from inference_operator.api.analysis import MOST_METRICS
from inference_operator.api.conditions import StatusModel, Time
from inference_operator.api.rollout_status import Count, RevisionHash

VALUE_LENGTH = 63
SOURCE_LENGTH = 253
METRIC_MESSAGE_LENGTH = 512

Logarithm = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Logarithms = Annotated[tuple[Logarithm, ...], Field(max_length=16)]


class Verdict(StrEnum):
    """What the metrics say about a canary."""

    PASS = "Pass"
    """All limits are kept, with enough evidence."""

    FAIL = "Fail"
    """A limit is exceeded, with enough evidence."""

    NO_DATA = "NoData"
    """A value is missing, too old, or not a number."""

    LOW_TRAFFIC = "LowTraffic"
    """There are too few requests to tell."""

    INCOMPARABLE = "Incomparable"
    """The pods of the two tracks have loads that differ too much."""

    ERROR = "Error"
    """Prometheus did not answer, or refused the query."""


class HistogramSource(StrEnum):
    """Whose histogram a percentile is read from."""

    TRITON = "Triton"
    """That of the pods."""

    GATEWAY = "Gateway"
    """That of the gateway, for the Service of each revision."""


class MetricStatus(StatusModel):
    """The last verdict on one metric."""

    name: Annotated[str, Field(max_length=VALUE_LENGTH)]
    """Name of the metric."""

    verdict: Verdict
    """Pass, Fail, NoData, LowTraffic, Incomparable or Error."""

    canary: Annotated[str, Field(max_length=VALUE_LENGTH)] | None = None
    """Value of the canary, with its unit."""

    stable: Annotated[str, Field(max_length=VALUE_LENGTH)] | None = None
    """Value of the stable revision over the same time."""

    limit: Annotated[str, Field(max_length=VALUE_LENGTH)] | None = None
    """The limit that was nearest, as a value."""

    samples: Count | None = None
    """Requests of the canary that were judged."""

    failed: Annotated[str, Field(max_length=VALUE_LENGTH)] | None = None
    """For means and queries: failing windows of the last ones, as `1 of 3`."""

    source: Annotated[str, Field(max_length=SOURCE_LENGTH)] | None = None
    """Where the values come from."""

    reason: Annotated[str, Field(max_length=VALUE_LENGTH)] | None = None
    """For a verdict without data: why, as a CamelCase word such as NoSeries."""

    message: Annotated[str, Field(max_length=METRIC_MESSAGE_LENGTH)] | None = None
    """The verdict as a sentence, with its numbers."""


class EvidenceStatus(StatusModel):
    """Evidence about one limit, from which a judgement continues after a restart."""

    metric: Annotated[str, Field(max_length=VALUE_LENGTH)]
    """Name of the metric."""

    limit: Annotated[str, Field(max_length=VALUE_LENGTH)]
    """The field of the limit: max or maxRelative."""

    above: Logarithms
    """Logarithms of the likelihood ratios that the limit is exceeded."""

    below: Logarithms
    """Logarithms of the likelihood ratios that twice the limit is kept."""

    inflation: Annotated[float, Field(ge=1, le=1000, allow_inf_nan=False)]
    """How much more the stable revision's counts vary than those of independent requests."""

    boundary: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None
    """For latencies: the boundary of the histogram, in ms, above which a request is slow."""

    tolerance: Annotated[float, Field(ge=1, le=1e9, allow_inf_nan=False)] | None = None
    """For latencies relative to the stable revision: the largest ratio of the slow shares."""

    source: HistogramSource | None = None
    """For latencies: Triton or Gateway, whose histogram it is evidence of. Absent: Triton."""

    samples: Count = 0
    """Requests of the canary so far."""

    bad: Count = 0
    """How many of them failed or were slow."""


class AnalysisStatus(StatusModel):
    """The last verdict on a canary. It is written when a verdict changes, not for each window."""

    revision: RevisionHash
    """The canary that was judged."""

    end: Time | None = None
    """End of the last window."""

    verdict: Verdict
    """Verdict of all metrics that decide."""

    message: Annotated[str, Field(max_length=METRIC_MESSAGE_LENGTH)] | None = None
    """The verdict as a sentence, with the numbers of the metric that decided it."""

    holding_since: Time | None = None
    """Since when the rollout waits for data; `maxHold` counts from here."""

    error_since: Time | None = None
    """Since when Prometheus does not answer. This time does not count for `maxHold`."""

    timed_out_at: Time | None = None
    """Time when `maxHold` was over. The rollout has waited for a person since then."""

    metrics: Annotated[tuple[MetricStatus, ...], Field(max_length=MOST_METRICS)] = ()
    """The verdict on each metric."""

    evidence: Annotated[tuple[EvidenceStatus, ...], Field(max_length=2 * MOST_METRICS)] = ()
    """Evidence about each limit."""
