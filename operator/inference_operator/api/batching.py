"""`spec.triton.dynamicBatching`: gathering of requests into batches, and limits on their waiting
time."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, Bool, Duration, Int
from inference_operator.api.model import MAX_BATCH
from inference_operator.api.rules import Rule, UniqueBy

BatchSize = Annotated[Int, Field(ge=1, le=MAX_BATCH)]
Priority = Annotated[Int, Field(ge=1, le=1000)]


class TimeoutAction(StrEnum):
    """Handling of a request whose timeout in the queue has passed."""

    REJECT = "Reject"
    DELAY = "Delay"


class QueuePolicy(ApiModel):
    """Limits on the number of waiting requests, and on their waiting time (Triton's
    ModelQueuePolicy)."""

    timeout_action: TimeoutAction = TimeoutAction.REJECT
    """Reject: refuse a request whose timeout has passed. Delay: serve it after the requests that
    have time left."""

    default_timeout: Duration | None = None
    """Longest time that a request may wait in the queue. Absent: no limit."""

    allow_timeout_override: Bool = False
    """Whether a request may set a shorter timeout for itself."""

    max_queue_size: Annotated[Int, Field(ge=0, le=1_000_000)] = 0
    """Most requests that may wait; Triton refuses further ones at once. 0: no limit."""


class PriorityQueuePolicy(QueuePolicy):
    """The queue policy of one priority level."""

    level: Priority
    """The priority level, 1 (highest) to `levels`."""


class Priorities(ApiModel):
    """Priority levels of requests. Requests with a lower number are served first."""

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
    """Level of requests that do not set one."""

    policies: Annotated[
        tuple[PriorityQueuePolicy, ...],
        Field(max_length=32),
        UniqueBy("level"),
    ] = ()
    """Queue policies of individual levels; the other levels use `queuePolicy`."""


class DynamicBatching(ApiModel):
    """Gathering of requests into batches (Triton's dynamic batcher)."""

    preferred_batch_sizes: Annotated[tuple[BatchSize, ...], Field(max_length=32), UniqueBy()] = ()
    """Batch sizes to wait for, each at most `maxBatchSize`. Absent: Triton forms the largest
    possible batch at once."""

    max_queue_delay: Duration | None = None
    """How long a request may wait for others to share its batch, such as `500us`. Absent: it does
    not wait."""

    preserve_ordering: Bool = False
    """Whether responses are returned in the order of their requests."""

    priorities: Priorities | None = None
    """Priority levels of requests."""

    queue_policy: QueuePolicy | None = None
    """Limits of the queue, for all requests or for all levels without their own policy."""
