"""Writer of `spec.triton.dynamicBatching` into a written config."""

from typing import Any

from inference_operator.api.batching import (
    DynamicBatching,
    Priorities,
    QueuePolicy,
    TimeoutAction,
)
from model_builders.set_fields import copy_field, microseconds

_ACTIONS = {TimeoutAction.REJECT: 0, TimeoutAction.DELAY: 1}


def write_dynamic_batching(message: Any, batching: DynamicBatching) -> None:
    message.SetInParent()
    message.preferred_batch_size.extend(batching.preferred_batch_sizes)
    copy_field(message, "max_queue_delay_microseconds", batching, "max_queue_delay", microseconds)
    copy_field(message, "preserve_ordering", batching, "preserve_ordering")
    if batching.priorities is not None:
        _write_priorities(message, batching.priorities)
    if batching.queue_policy is not None:
        _write_policy(message.default_queue_policy, batching.queue_policy)


def _write_priorities(message: Any, priorities: Priorities) -> None:
    message.priority_levels = priorities.levels
    message.default_priority_level = priorities.default
    for policy in priorities.policies:
        _write_policy(message.priority_queue_policy[policy.level], policy)


def _write_policy(message: Any, policy: QueuePolicy) -> None:
    message.SetInParent()
    if "timeout_action" in policy.model_fields_set:
        message.timeout_action = _ACTIONS[policy.timeout_action]
    copy_field(message, "default_timeout_microseconds", policy, "default_timeout", microseconds)
    copy_field(message, "allow_timeout_override", policy, "allow_timeout_override")
    copy_field(message, "max_queue_size", policy, "max_queue_size")
