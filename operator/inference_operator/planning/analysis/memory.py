"""The memory of a unit's judgement from one sweep to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from inference_operator.api.analysis import Analysis
from inference_operator.api.analysis_status import AnalysisStatus, HistogramSource, Verdict
from inference_operator.planning.measuring.gateway import ServiceMemory
from inference_operator.planning.measuring.pods import PodMemory
from inference_operator.planning.measuring.totals import Totals
from model_builders.statistics.judgement import Judgement


@dataclass(frozen=True, slots=True)
class LimitMemory:
    """Evidence about one limit of a share."""

    judgement: Judgement = field(default_factory=Judgement)
    inflation: float = 1.0
    boundary: float | None = None
    tolerance: float | None = None
    samples: float = 0.0
    bad: float = 0.0
    stable_samples: float = 0.0
    stable_bad: float = 0.0
    source: HistogramSource = HistogramSource.TRITON
    """Whose histogram it is evidence of, for a percentile."""

    overloaded: Judgement | None = None
    """The judgement with windows in which the canary's pods had too much load; None unless the last
    window was one of them."""


@dataclass(frozen=True, slots=True)
class WindowVerdict:
    """The verdict on one window of a mean, a gauge or a query, with its numbers as words."""

    verdict: Verdict
    message: str
    canary: str = ""
    stable: str = ""
    limit: str = ""
    samples: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """The window of means that has not ended."""

    begun: datetime
    canary: Totals = field(default_factory=Totals)
    stable: Totals = field(default_factory=Totals)


@dataclass(frozen=True, slots=True)
class StepMemory:
    """Judgements of the present analysis step."""

    since: datetime
    passes: int = 0
    judged: datetime | None = None


@dataclass(frozen=True, slots=True)
class CanaryMemory:
    """Everything that is known of the present canary."""

    revision: str
    settings: Analysis
    """The settings that it is judged by. Evidence about others says nothing about these."""

    limits: Mapping[tuple[str, str], LimitMemory] = field(default_factory=dict)
    """By the name of the metric, and the field of the limit."""

    rings: Mapping[str, tuple[WindowVerdict, ...]] = field(default_factory=dict)
    """The last windows of means, gauges and queries, by metric."""

    unended: OpenWindow | None = None
    canary: Totals = field(default_factory=Totals)
    """All that was counted since the canary began."""

    stable: Totals = field(default_factory=Totals)
    loads: tuple[tuple[float, float], ...] = ()
    """Requests a second and pod of the canary and of the stable revision, in the last windows."""

    source: HistogramSource = HistogramSource.TRITON
    """Whose histogram its percentiles are read from."""

    is_overloaded: bool = False
    """Whether the load of its pods was too large in the last window."""

    end: datetime | None = None
    """End of the last window."""

    step: StepMemory | None = None
    record: AnalysisStatus | None = None
    """The status of this canary before the operator started, from which evidence continues."""


@dataclass(frozen=True, slots=True)
class AnalysisMemory:
    """The memory of one unit."""

    uid: str = ""
    stable: str = ""
    """The stable revision that `history` is of."""

    pods: Mapping[str, PodMemory] = field(default_factory=dict)
    history: tuple[Totals, ...] = ()
    """The stable revision's last windows before the canary, the oldest first."""

    closed: datetime | None = None
    """End of the last window."""

    canary: CanaryMemory | None = None
    source: HistogramSource = HistogramSource.TRITON
    """Whose histogram `history` and the canary's percentiles are of."""

    services: Mapping[str, ServiceMemory] = field(default_factory=dict)
    """The gateway's counters: of `stable`, and of `canary`."""
