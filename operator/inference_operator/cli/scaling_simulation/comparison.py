"""Comparison of the operator's chain with its peers, over traces of several kinds and seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.cli.scaling_simulation.hpa import HpaLaw
from inference_operator.cli.scaling_simulation.instant import InstantLaw
from inference_operator.cli.scaling_simulation.keda import KedaLaw
from inference_operator.cli.scaling_simulation.operator_law import OperatorLaw
from inference_operator.cli.scaling_simulation.play import Law, play
from inference_operator.cli.scaling_simulation.traces import (
    Trace,
    TraceKind,
    arrivals_of,
    trace_of,
)

USED = 0.6
"""Share of a pod's capacity that its target asks for."""


class Targets(StrEnum):
    """Metrics that all laws get, with the same targets and windows."""

    QUEUE = "queue"
    """The mean time in the queue: half of the time of a full batch."""

    RATE = "queue and rate"
    """That, and the rate of 60 % of the capacity."""

    ALL = "all"
    """Both, and the waiting requests of half a batch."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one law made of some traces."""

    law: str
    bad_minutes: int = 0
    pod_hours: float = 0.0
    reversals: int = 0

    def plus(self, other: "Outcome") -> "Outcome":
        """Return both together.

        >>> Outcome("HPA", 2, 1.5, 1).plus(Outcome("HPA", 3, 0.5, 0))
        Outcome(law='HPA', bad_minutes=5, pod_hours=2.0, reversals=1)
        """
        return Outcome(
            self.law,
            self.bad_minutes + other.bad_minutes,
            self.pod_hours + other.pod_hours,
            self.reversals + other.reversals,
        )


def settings_of(trace: Trace, targets: Targets) -> Autoscaling:
    """Return the settings that a user would write who knows the service and its largest load."""
    service = trace.service
    wait = f"{max(round(service.full_batch_time * 500, 3), 0.1)}ms"
    metrics = [ScalingMetric(type="QueueTime", target=wait)]
    if targets is Targets.ALL:
        waiting = f"{service.max_batch / 2:.1f}"
        metrics.append(ScalingMetric(type="PendingRequests", target=waiting))
    if targets is not Targets.QUEUE:
        metrics.append(ScalingMetric(type="RequestRate", target=f"{service.capacity * USED:.3f}"))
    return Autoscaling(max_replicas=trace.most_pods, metrics=tuple(metrics))


def laws_of(trace: Trace, settings: Autoscaling) -> tuple[Law, ...]:
    """Return the laws that are compared, each new."""
    least, most = settings.min_replicas, settings.max_replicas
    # A careful user's: the pods that half of the largest number is.
    fallback = max(most // 2, 1)
    return (
        HpaLaw(least, most),
        KedaLaw(least, most),
        KedaLaw(least, most, fallback),
        InstantLaw(trace, USED),
        OperatorLaw(settings, trace.load_time, trace.service.max_batch),
    )


def compared(
    kind: TraceKind, seed: int, targets: Targets, duration: float = 3600.0
) -> tuple[Outcome, ...]:
    """Return what each law makes of the same requests. `duration` is in seconds."""
    trace = trace_of(kind, seed, duration)
    arrivals, settings = arrivals_of(trace), settings_of(trace, targets)
    outcomes = []
    for law in laws_of(trace, settings):
        score = play(trace, arrivals, law, settings.metrics, trace.first_pods(USED))
        outcome = Outcome(law.name, score.bad_minutes, score.pod_hours, score.reversals)
        outcomes.append(outcome)
    return tuple(outcomes)


def summed(rows: Iterable[Sequence[Outcome]]) -> tuple[Outcome, ...]:
    """Return the outcomes of each law together, in the order of the first row."""
    sums: dict[str, Outcome] = {}
    for row in rows:
        for outcome in row:
            former = sums.get(outcome.law)
            sums[outcome.law] = outcome if former is None else former.plus(outcome)
    return tuple(sums.values())
