"""Policies of `behavior`, with the meaning that a HorizontalPodAutoscaler gives them.

A policy bounds the change since the start of its period. The pods at that start are those of now,
without what was added since, and with what was removed since.
"""

from collections.abc import Sequence

from inference_operator.api.autoscaling_behavior import (
    PolicyType,
    ScalingPolicy,
    ScalingRules,
    SelectPolicy,
)
from inference_operator.domain.scaling_memory import ScaleEvent

Events = Sequence[ScaleEvent]


def highest(rules: ScalingRules, current: int, events: Events, now: float) -> int:
    """Return the largest number of pods that the policies for more pods allow now.

    >>> from inference_operator.api.autoscaling_behavior import ScaleDown, ScaleUp
    >>> highest(ScaleUp(), 10, (), 0.0)   # 100 % or 4 pods in 15 s, whichever is more
    20
    >>> highest(ScaleUp(), 20, (ScaleEvent(0.0, added=10),), 10.0)
    20
    """
    if rules.select_policy is SelectPolicy.DISABLED:
        return current
    limits = [_raised(each, _start(each, current, events, now)) for each in rules.policies]
    select = min if rules.select_policy is SelectPolicy.MIN else max
    return max(select(limits), current)


def lowest(rules: ScalingRules, current: int, events: Events, now: float) -> int:
    """Return the smallest number of pods that the policies for fewer pods allow now.

    >>> from inference_operator.api.autoscaling_behavior import ScaleDown
    >>> lowest(ScaleDown(), 10, (), 0.0)   # 25 % in 60 s, rounded up
    7
    >>> lowest(ScaleDown(), 7, (ScaleEvent(0.0, removed=3),), 59.0)
    7
    >>> lowest(ScaleDown(), 7, (ScaleEvent(0.0, removed=3),), 60.0)
    5
    """
    if rules.select_policy is SelectPolicy.DISABLED:
        return current
    limits = [_lowered(each, _start(each, current, events, now)) for each in rules.policies]
    select = max if rules.select_policy is SelectPolicy.MIN else min
    return min(max(select(limits), 0), current)


def longest_period(rules: ScalingRules) -> int:
    """Return the longest period of the policies, in seconds."""
    return max(each.period_seconds for each in rules.policies)


def _start(policy: ScalingPolicy, current: int, events: Events, now: float) -> int:
    """Return the pods at the start of a policy's period."""
    recent = [each for each in events if each.at > now - policy.period_seconds]
    return current - sum(each.added - each.removed for each in recent)


def _raised(policy: ScalingPolicy, start: int) -> int:
    if policy.type is PolicyType.PODS:
        return start + policy.value
    # Rounded up: otherwise no percentage would ever add a pod to one.
    return start + _percent(start, policy.value)


def _lowered(policy: ScalingPolicy, start: int) -> int:
    if policy.type is PolicyType.PODS:
        return start - policy.value
    return start - _percent(start, policy.value)


def _percent(pods: int, percent: int) -> int:
    return -(-max(pods, 0) * percent // 100)
