"""The memory of one pod from one sweep to the next, and how a sweep shows it."""

from dataclasses import dataclass

from inference_operator.planning.measuring.counters import Gap, Reading
from inference_operator.planning.measuring.probes import Probes
from inference_operator.planning.measuring.totals import Totals


@dataclass(frozen=True, slots=True)
class PodMemory:
    """The newest counters of a pod, and what it did since they were last judged."""

    last: Reading
    pending: Totals | None = None
    is_counted: bool = False
    """Whether its requests count: there were two scrapes after its start."""

    probes: Probes | None = None
    """What its sidecar sent."""


@dataclass(frozen=True, slots=True)
class PodView:
    """A pod at the present sweep: what is known of it, or why nothing is."""

    memory: PodMemory | None
    gap: Gap | None = None
    """Why no family has values."""
