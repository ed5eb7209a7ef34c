"""The facts that the state machine of a rollout decides from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from inference_operator.domain.serving_unit import RolloutSettings
from inference_operator.domain.traffic import Traffic


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

    revision_cause: str = ""
    """Why an unchanged spec gets a new revision."""

    def ready_of(self, revision: str | None) -> int:
        return self.answering.get(revision or "", 0)

    def answers(self, revision: str | None) -> bool:
        """Return whether the revision's model answers on all replicas, of which there are some."""
        return 0 < self.replicas <= self.ready_of(revision)

    def name_of(self, revision: str) -> str:
        """Return a revision's name for decisions; the artifact is that of the target."""
        is_described = self.artifact and revision == self.target
        return f"{revision} of {self.artifact}" if is_described else revision
