"""The facts that the state machine of a rollout decides from."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from inference_operator.api.canary import CanaryStep
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.commands import NONE, Commands
from inference_operator.domain.observed import Pod
from inference_operator.domain.serving_unit import RolloutSettings
from inference_operator.domain.traffic import Traffic


def hash_of(steps: tuple[CanaryStep, ...]) -> str:
    """Return a hash that differs whenever the steps do."""
    written = json.dumps([step.model_dump(mode="json", exclude_none=True) for step in steps])
    return hashlib.sha256(written.encode()).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class RolloutFacts:
    """The facts that the state machine decides from."""

    target: str | None
    """The revision of the present spec; None while the spec names none that can be served."""

    replicas: int
    answering: Mapping[str, int]
    """Pods in which the model answers, by revision."""

    settings: RolloutSettings
    now: datetime
    traffic: Traffic
    is_reported: bool = True
    """Whether a status was ever written; without one, the Service told what is stable."""

    artifact: str = ""
    """Description of the target's artifact: the registry's version, or a pipeline's steps."""

    version: str = ""
    """The registry's version of the target; empty where there is none."""

    revision_cause: str = ""
    """Why an unchanged spec gets a new revision."""

    pods: Mapping[str, int] = field(default_factory=dict)
    """Pods that exist, by revision; also those that are ending."""

    unended: tuple[Pod, ...] = ()
    """Pods of the stable revision that have not ended, the first whose end was asked for first."""

    commands: Commands = NONE
    rolled_back_from: str | None = None
    """The revision that the spec wants, while a person went back from it to the target."""

    gives_way: bool = False
    """Whether the stable revision shall have no pods, so that a canary takes its place."""

    goes_back: bool = False
    """Whether a person went back to a revision that served all clients before."""

    keeps_abort: bool = False
    """Whether the aborted revision is of the present spec, though the target is another one: new
    defaults of the operator were aborted."""

    skips_steps: bool = False
    """Whether the target served not long ago, so that clients go back to it without steps."""

    alone_since: datetime | None = None
    """Since when no pod of the stable revision answers, so that the canary has all clients."""

    gateway_late_since: datetime | None = None
    """Since when the gateway has not taken over the routes as they are written; None if it has."""

    analysis: AnalysisResult | None = None
    """What the metrics say, maybe of a former canary. None if the operator has no Prometheus, or if
    the spec has no `rollout.canary.analysis`."""

    freeze: str = ""
    """Part of a sentence: what freezes the rollout; empty if nothing does."""

    reported: str = ""
    """Part of a sentence: what the last status said of the canary's pods, `; REASON: message`."""

    baseline_ready: int = 0
    """Pods of the stable revision's baseline in which the model answers."""

    strangers: frozenset[str] = frozenset()
    """Revisions of pods that the Service would reach if it selected all of the unit's pods."""

    @property
    def wanted(self) -> str | None:
        """The revision that the spec wants, whatever a person went back to."""
        return self.rolled_back_from or self.target

    @property
    def is_held(self) -> bool:
        """Whether a person holds the rollout of the target."""
        return self.settings.paused or self.commands.pauses(self.target or "")

    @property
    def steps(self) -> tuple[CanaryStep, ...]:
        """The steps of this rollout; none if all clients move at once."""
        return () if self.skips_steps else self.settings.steps

    @property
    def step_hash(self) -> str:
        """Hash of the steps; empty without steps."""
        return hash_of(self.steps) if self.steps else ""

    def ready_of(self, revision: str | None) -> int:
        return self.answering.get(revision or "", 0)

    def answers(self, revision: str | None) -> bool:
        """Return whether the revision's model answers on all replicas, of which there are some."""
        return 0 < self.replicas <= self.ready_of(revision)

    def is_alone(self, canary: str | None, stable: str | None) -> bool:
        """Return whether the canary answers, and no pod of the stable revision does."""
        return self.ready_of(canary) > 0 and self.ready_of(stable) == 0

    def still_serves(self, stable: str | None) -> str:
        """Return a part of a sentence: `; revision 935a3432c3 continues to serve`."""
        return f"; revision {stable} continues to serve" if self.ready_of(stable) > 0 else ""

    def name_of(self, revision: str) -> str:
        """Return a revision's name for decisions; the artifact is that of the target."""
        is_described = self.artifact and revision == self.target
        return f"{revision} of {self.artifact}" if is_described else revision

    def short_name_of(self, revision: str) -> str:
        """Return a revision's name for what is said at each step: `935a3432c3 of version 4`."""
        has_version = self.version and revision == self.target
        return f"{revision} of version {self.version}" if has_version else revision
