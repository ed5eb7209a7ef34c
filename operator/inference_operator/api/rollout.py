"""`spec.rollout`: how a new revision takes over."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from inference_operator.api.base import ApiModel, Duration


class Rollout(ApiModel):
    """How a new revision takes over from the one that serves.

    The new revision is brought up beside the old one; clients move when its model answers on all
    wanted replicas; the old one is scaled down after `scaleDownDelay`.
    """

    revision_history_limit: Annotated[int, Field(ge=0, le=100)] = 10
    """Old revisions kept, without pods, to go back to."""

    scale_down_delay: Duration = timedelta(seconds=30)
    """How long the old revision's pods stay after clients moved to the new one."""

    progress_deadline: Duration = timedelta(minutes=10)
    """Time without progress after which a new revision counts as failed; the old one goes on
    serving."""

    paused: bool = False
    """Whether new revisions wait. The serving one goes on, and is still scaled and repaired."""
