"""History of a simulated rollout: what was measured, and what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from inference_operator.cli.rollout_commands.times import brief
from inference_operator.cli.simulation.requests import Counters
from inference_operator.cli.simulation.trace import Row
from inference_operator.domain.names import UnitKey


class Outcome(StrEnum):
    """How the rollout ended."""

    PROMOTED = "Promoted"
    ABORTED = "Aborted"
    WAITS = "WaitsForPerson"
    UNDER_WAY = "UnderWay"


@dataclass(frozen=True, slots=True)
class Proof:
    """The evidence about one limit, as natural logarithms of likelihood ratios."""

    exceeded: float
    kept: float


@dataclass(frozen=True, slots=True)
class Moment:
    """The state at one time."""

    time: float
    """Seconds since the new revision was applied."""

    row: Row
    """What the trace says."""

    weight: int
    """The canary's share of the requests in percent."""

    stable: int
    """Ready pods of the stable revision."""

    canary: int
    verdict: str
    """The verdict on the canary; empty if it is not judged."""

    proofs: Mapping[str, Proof] = field(default_factory=dict)
    """The evidence about each limit, by the metric and the field of the limit."""

    metrics: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """The verdict and the reason of each metric, by its name."""

    baseline: int = 0
    """Ready pods of the baseline, beside those of the stable revision."""

    writes: int = 0
    """Writes of the operator so far."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision, a verdict that changed, or why the rollout began to wait."""

    time: float
    weight: int
    kind: str
    """Decision, Verdict or Wait."""

    reason: str
    message: str

    @property
    def clock(self) -> str:
        """Time as a duration, such as `2m30s`."""
        return brief(timedelta(seconds=self.time))


@dataclass(frozen=True, slots=True)
class History:
    """The whole rollout."""

    unit: UnitKey
    first: str
    """The revision before."""

    second: str
    """The revision that was applied at time 0."""

    outcome: Outcome
    message: str
    """What the resource's status says at the end."""

    ended: float
    """When the rollout ended, or began to wait for a person."""

    moments: tuple[Moment, ...]
    entries: tuple[Entry, ...]
    answered: Mapping[str, Counters]
    """Requests from time 0 on, by revision."""

    @property
    def end(self) -> float:
        """Time of the last moment."""
        return self.moments[-1].time

    @property
    def summary(self) -> str:
        """How it ended, as a part of a sentence."""
        time = brief(timedelta(seconds=self.ended))
        return {
            Outcome.PROMOTED: f"promoted after {time}",
            Outcome.ABORTED: f"aborted after {time}",
            Outcome.WAITS: f"waits for a person since {time}",
            Outcome.UNDER_WAY: f"not over after {time}",
        }[self.outcome]
