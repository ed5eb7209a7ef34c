"""The question whether a canary is good, and the answer that its metrics give."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from inference_operator.api.analysis import Analysis, MetricMode
from inference_operator.api.analysis_status import AnalysisStatus, EvidenceStatus, Verdict
from inference_operator.domain.measurement import Outage, ServiceName
from inference_operator.domain.names import UnitKey

MOST_PASSES = 100


@dataclass(frozen=True, slots=True)
class MeasuredPod:
    """A ready pod, as its requests are to be counted."""

    name: str
    ready_since: datetime
    start_time: timedelta
    """How long it took from its start until it was ready, 10 minutes at most."""


@dataclass(frozen=True, slots=True)
class MeasuredTrack:
    """A revision whose requests are counted."""

    revision: str
    model: str
    """Name in Triton of the model that clients call."""

    version: int
    """Version of that model in Triton: for a pipeline, the number of its set of steps."""

    step_models: tuple[str, ...] = ()
    """Names in Triton of a pipeline's other models."""

    pods: tuple[MeasuredPod, ...] = ()
    service: ServiceName | None = None
    """The Service by which a gateway leads requests to it; None without a gateway."""

    is_baseline: bool = False
    """Whether these pods are a baseline, so that others of the revision serve beside them."""

    @property
    def words(self) -> str:
        """Return what messages call the pods that a canary is compared with."""
        return "baseline" if self.is_baseline else "stable revision"


@dataclass(frozen=True, slots=True)
class StepQuestion:
    """The analysis step that a rollout is at."""

    since: datetime
    metrics: frozenset[str]
    """Names of the metrics that the step asks for."""

    count: int = MOST_PASSES
    """Judgements in a row that must pass before the step ends."""


@dataclass(frozen=True, slots=True)
class AnalysisQuestion:
    """What a pass asks about its unit. It is asked without a canary too: the stable revision's
    requests before the canary show how they vary."""

    unit: UnitKey
    uid: str
    settings: Analysis
    stable: MeasuredTrack
    canary: MeasuredTrack | None = None
    step: StepQuestion | None = None
    record: AnalysisStatus | None = None
    """The last status, from whose evidence a judgement continues."""

    lacks_baseline: bool = False
    """Whether `stable` are the revision's own pods because its baseline did not answer in time."""


@dataclass(frozen=True, slots=True)
class MetricResult:
    """The verdict on one metric, with its numbers as texts."""

    name: str
    verdict: Verdict
    mode: MetricMode
    message: str
    canary: str = ""
    stable: str = ""
    limit: str = ""
    samples: int = 0
    failed: str = ""
    source: str = ""
    reason: str = ""
    """For a verdict without data: why, as a CamelCase word such as NoSeries or Stale."""


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """The answer: what the metrics of a canary say after the last sweep."""

    canary: str | None
    """The revision that was judged. None without a canary."""

    stable: str
    """The revision that it was compared with."""

    verdict: Verdict
    """Verdict of all metrics that decide."""

    message: str
    """The verdict as a sentence, with the numbers of the metric that decided it."""

    at: datetime | None = None
    """Time of the last sweep. None before the first one."""

    metrics: tuple[MetricResult, ...] = ()
    evidence: tuple[EvidenceStatus, ...] = ()
    step_since: datetime | None = None
    """Beginning of the step that `step_passes` belongs to."""

    step_passes: int = 0
    """Judgements in a row, since the step began, in which all its metrics passed."""

    outage: Outage | None = None
    """Why Prometheus gave no answer, if it gave none."""

    is_away: bool = False
    """Whether it gave none about the pods, so that nobody could be judged. One of a user's queries
    may be without an answer for ever: then the rollout still waits for `maxHold` at most."""

    unavailable: str = ""
    """Why pods have no usable values though Prometheus answers, as a CamelCase word."""

    unavailable_message: str = ""
    """The same as a sentence; for an outage, the server's words."""

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """Return the verdict on each metric."""
        return {metric.name: metric.verdict for metric in self.metrics}
