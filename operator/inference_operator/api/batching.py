"""`spec.triton.dynamicBatching`: how requests are gathered into batches, and how long they wait."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, Bool, Duration, Int
from inference_operator.api.rules import Rule, UniqueBy

BatchSize = Annotated[Int, Field(ge=1, le=65536)]
Priority = Annotated[Int, Field(ge=1, le=1000)]


class TimeoutAction(StrEnum):
    """What happens to a request whose time in the queue is over."""

    REJECT = "Reject"
    DELAY = "Delay"


class QueuePolicy(ApiModel):
    """How long, and how many, requests may wait (Triton's ModelQueuePolicy)."""

    timeout_action: TimeoutAction = TimeoutAction.REJECT
    """Reject the request when its timeout is over, or Delay it behind those with time left."""

    default_timeout: Duration | None = None
    """Time a request may wait in the queue. Absent: no limit."""

    allow_timeout_override: Bool = False
    """Whether a request may shorten its own timeout."""

    max_queue_size: Annotated[Int, Field(ge=0, le=1_000_000)] = 0
    """Requests that may wait; more are refused at once. 0: no limit."""


class PriorityQueuePolicy(QueuePolicy):
    """The queue policy of one priority level."""

    level: Priority
    """The priority level, 1 (highest) to `levels`."""


class Priorities(ApiModel):
    """Priority levels of requests: a lower number is served first."""

    rules: ClassVar = (
        Rule(
            cel="self.default <= self.levels",
            holds=lambda self: self.default <= self.levels,
            value="{default}",
            requirement="1 to levels, which is {levels}",
            remedy="lower default or raise levels",
            field="default",
        ),
        Rule(
            cel="!has(self.policies) || self.policies.all(p, p.level <= self.levels)",
            holds=lambda self: all(p.level <= self.levels for p in self.policies),
            value="a policy with a level above {levels}",
            requirement="levels from 1 to levels, which is {levels}",
            remedy="lower the policy's level or raise levels",
            field="policies",
        ),
    )

    levels: Priority
    """Number of levels."""

    default: Priority
    """Level of a request that names none."""

    policies: Annotated[
        tuple[PriorityQueuePolicy, ...],
        Field(max_length=32),
        UniqueBy("level"),
    ] = ()
    """Queue policies of single levels; the others use `queuePolicy`."""


class DynamicBatching(ApiModel):
    """Requests are gathered into batches (Triton's dynamic batcher)."""

    preferred_batch_sizes: Annotated[tuple[BatchSize, ...], Field(max_length=32), UniqueBy()] = ()
    """Batch sizes to wait for, none above `maxBatchSize`. Absent: the largest possible at once."""

    max_queue_delay: Duration | None = None
    """How long a request may wait for others to share its batch, such as `500us`. Absent: not at
    all."""

    preserve_ordering: Bool = False
    """Whether responses leave in the order in which requests came."""

    priorities: Priorities | None = None
    """Priority levels of requests."""

    queue_policy: QueuePolicy | None = None
    """The queue's limits, for all requests or for all levels without a policy of their own."""
