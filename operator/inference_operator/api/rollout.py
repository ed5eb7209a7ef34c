"""`spec.rollout`: replacement of the serving revision by a new one."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import DURATION_PATTERN, ApiModel, Bool, Duration, Int
from inference_operator.api.canary import Canary
from inference_operator.api.rules import Rule, cel_string


class OnFailure(StrEnum):
    """What happens to a revision that does not answer within `progressDeadline`."""

    RESTORE_PREVIOUS = "RestorePrevious"
    KEEP = "Keep"


class Recreate(ApiModel):
    """Replacement where there is no room for two revisions, such as on the only GPU: the old
    revision ends before the new one starts, and nobody is served in between."""

    on_failure: OnFailure = OnFailure.RESTORE_PREVIOUS
    """RestorePrevious: the old revision returns at `progressDeadline`, and the new one is
    remembered as aborted. Keep: the new one is tried on."""


class Rollout(ApiModel):
    """Replacement of the serving revision by a new one. The new revision, the canary, starts beside
    the old one. Clients move by the steps of `canary`; without steps, when the model of the new
    revision answers on all desired replicas. The old revision is scaled down after
    `scaleDownDelay`."""

    rules: ClassVar = (
        Rule(
            # A text that is not a duration has a sentence of its own.
            cel="!has(self.progressDeadline)"
            f" || !self.progressDeadline.matches({cel_string(f'^{DURATION_PATTERN}$')})"
            " || duration(self.progressDeadline) >= duration('10s')",
            holds=lambda self: self.progress_deadline >= timedelta(seconds=10),
            value="less than 10s",
            requirement="at least 10s",
            remedy="give the pods time to start (the default is 10m)",
            field="progressDeadline",
        ),
        Rule(
            cel="!has(self.canary) || !has(self.recreate)",
            holds=lambda self: not self.has("canary", "recreate"),
            value="canary beside recreate",
            requirement="one of them: a canary needs room for two revisions",
            remedy="remove canary, or recreate if two revisions have room",
            field="recreate",
        ),
    )

    canary: Canary | None = None
    """Steps by which a new revision gets its clients. Absent: all clients move at once, when the
    model of the new revision answers on all desired replicas."""

    recreate: Recreate | None = None
    """The old revision ends before the new one starts. Absent: both run beside each other until
    clients have moved."""

    revision_history_limit: Annotated[Int, Field(ge=0, le=100)] = 10
    """Old revisions that are kept, without pods, so that you can go back to them."""

    scale_down_delay: Duration = timedelta(seconds=30)
    """How long the old revision's pods stay after clients have moved to the new one."""

    progress_deadline: Duration = timedelta(minutes=10)
    """Time without progress after which a new revision counts as failed. The old one continues to
    serve. With `canary`, the rollout is aborted then."""

    paused: Bool = False
    """Whether new revisions wait, and a rollout in progress stays at its step. What serves is still
    scaled and repaired."""
