"""The question how many pods a unit needs, and the answer that its metrics give."""

from dataclasses import dataclass, field

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.domain.analysis import MeasuredTrack
from inference_operator.domain.names import UnitKey
from inference_operator.domain.scaling import ScalingDecision, Surroundings


@dataclass(frozen=True, slots=True)
class Shares:
    """How a canary, and a baseline beside it, take requests from the stable revision."""

    spread: float = 1.0
    """Pods among which a Service divides the requests evenly, by pod that is sized: more than 1
    beside a canary without a gateway."""

    baseline: float = 0.0
    """Pods of the baseline that answer, by pod of the stable revision. Each has as many requests,
    and no metric counts them."""

    canary_is_small: bool = False
    """Whether the canary has fewer pods than its weight needs, by `setCanaryScale`: pods of the
    stable revision do not help it."""


@dataclass(frozen=True, slots=True)
class ScalingQuestion:
    """What a pass asks about its unit."""

    unit: UnitKey
    uid: str
    settings: Autoscaling
    size: int
    """The number of pods that there is: that of the live Deployment, and not of a status, which may
    be edited. It counts when nothing is remembered."""

    tracks: tuple[MeasuredTrack, ...] = ()
    """The stable revision, and a canary beside it. Their pods are those that are ready."""

    max_batch_size: int = 0
    """The largest of the unit's models; 0 for models without batches."""

    is_divided: bool = False
    """Whether a canary and the stable revision divide the unit's pods (`dynamicStableScale`), and
    the stable one does not keep them all."""

    shares: Shares = field(default_factory=Shares)
    surroundings: Surroundings = field(default_factory=Surroundings)


@dataclass(frozen=True, slots=True)
class ScalingAnswer:
    """The answer after a sweep."""

    decision: ScalingDecision
    change: ScalingDecision | None = None
    """The last decision that changed the number: a pass may read it some sweeps later."""

    @property
    def size(self) -> int:
        return self.decision.size
