"""`spec.rollout`: how a new revision takes over."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import DURATION_PATTERN, ApiModel, Bool, Duration, Int
from inference_operator.api.rules import Rule, cel_string


class Rollout(ApiModel):
    """How a new revision takes over from the one that serves.

    The new revision is brought up beside the old one; clients move when its model answers on all
    wanted replicas; the old one is scaled down after `scaleDownDelay`.
    """

    rules: ClassVar = (
        Rule(
            # What is no duration at all has a sentence of its own.
            cel="!has(self.progressDeadline)"
            f" || !self.progressDeadline.matches({cel_string(f'^{DURATION_PATTERN}$')})"
            " || duration(self.progressDeadline) >= duration('10s')",
            holds=lambda self: self.progress_deadline >= timedelta(seconds=10),
            value="less than 10s",
            requirement="10s at least",
            remedy="give the pods time to start, 10m is the default",
            field="progressDeadline",
        ),
    )

    revision_history_limit: Annotated[Int, Field(ge=0, le=100)] = 10
    """Old revisions kept, without pods, to go back to."""

    scale_down_delay: Duration = timedelta(seconds=30)
    """How long the old revision's pods stay after clients moved to the new one."""

    progress_deadline: Duration = timedelta(minutes=10)
    """Time without progress after which a new revision counts as failed; the old one goes on
    serving."""

    paused: Bool = False
    """Whether new revisions wait. The serving one goes on, and is still scaled and repaired."""
