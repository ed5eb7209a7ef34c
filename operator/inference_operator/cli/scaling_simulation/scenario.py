"""Scenario of a simulation: a unit, the trace of its load, and the laws that scale it."""

import math
from dataclasses import dataclass
from datetime import datetime

from inference_operator.cli.documents import InputError
from inference_operator.cli.scaling_simulation.hpa import HpaLaw
from inference_operator.cli.scaling_simulation.keda import KedaLaw
from inference_operator.cli.scaling_simulation.manifest import Played
from inference_operator.cli.scaling_simulation.operator_law import OperatorLaw
from inference_operator.cli.scaling_simulation.play import Law, Score, play
from inference_operator.cli.scaling_simulation.traces import Trace, arrivals_of
from inference_operator.domain.scaling import ScalingDecision

MOST_REQUESTS = 2_000_000
"""Requests of a trace: all laws together take about 20 s for a million."""

USED = 0.6
"""Share of their capacity to which the first pods are used."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A unit and its load."""

    played: Played
    trace: Trace
    begin: datetime
    """Time of the wall clock at second 0, for schedules."""

    @property
    def first_pods(self) -> int:
        """Return the pods that there are at the beginning, within the bounds."""
        settings = self.played.settings
        return min(
            max(self.trace.first_pods(USED), settings.min_replicas),
            settings.max_replicas,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What the laws made of a trace."""

    scenario: Scenario
    scores: dict[str, Score]
    """By the law's name, the operator's first."""

    decisions: tuple[tuple[float, ScalingDecision], ...]
    """The operator's, with their times in seconds."""

    requests: int


def compared(scenario: Scenario) -> Result:
    """Play the trace by each law, with the same requests.

    Raises:
        InputError: if the trace has too many requests.
    """
    trace, settings = scenario.trace, scenario.played.settings
    expected = math.fsum(trace.rate_at(float(second)) for second in range(int(trace.duration)))
    if expected > MOST_REQUESTS:
        raise InputError(
            f"--trace: found about {expected:,.0f} requests, expected at most {MOST_REQUESTS:,};"
            " shorten it, or divide its rates and the targets by the same number and multiply the"
            " batch times by it"
        )
    arrivals = arrivals_of(trace)
    own = OperatorLaw(settings, trace.load_time, scenario.played.max_batch, scenario.begin)
    scores = {
        law.name: play(trace, arrivals, law, settings.metrics, scenario.first_pods)
        for law in (own, *_peers(scenario))
    }
    return Result(scenario, scores, tuple(own.decisions), sum(map(len, arrivals)))


def _peers(scenario: Scenario) -> list[Law]:
    settings = scenario.played.settings
    least, most = settings.min_replicas, settings.max_replicas
    peers: list[Law] = [HpaLaw(least, most), KedaLaw(least, most)]
    if settings.fallback is not None:
        peers.append(KedaLaw(least, most, settings.fallback.replicas))
    return peers
