"""Rules of `spec.autoscaling` and its parts, across several of their fields."""

import re
from datetime import timedelta
from typing import Any

from inference_operator.api.base import DURATION_PATTERN, parse_quantity
from inference_operator.api.metric_rules import (
    QUERY_RULE,
    TIME,
    TIMES,
    is_one_of,
    is_time_in_range,
)
from inference_operator.api.rules import Computed, Rule, cel_string

SHARES = ("GPUUtilization", "GPUMemory", "BatchSize")
NUMBERS = ("PendingRequests", "RequestRate", "Prometheus")
_SHARE = r"([1-9][0-9]?(\.[0-9]{1,9})?|100(\.0{1,9})?)%"
_NUMBER = r"([1-9][0-9]{0,8}(\.[0-9]{1,9})?|0\.0{0,8}[1-9][0-9]{0,8})(m|k|M|G|T|Ki|Mi|Gi|Ti)?"


def _form(types: tuple[str, ...], form: str, requirement: str, remedy: str) -> Rule:
    """Return the rule that `target` has the unit of these types."""
    return Rule(
        cel=f"!({is_one_of(types)}) || self.target.matches({cel_string(f'^{form}$')})",
        holds=lambda self: self.type not in types or bool(re.fullmatch(form, self.target)),
        value='"{target}" for type {type}',
        requirement=requirement,
        remedy=remedy,
        field="target",
    )


def _only_for(field: str, name: str, kind: str, remedy: str) -> Rule:
    """Return the rule that a field is written for one type, and for no other."""
    return Rule(
        cel=f"has(self.{field}) == (self.type == {cel_string(kind)})",
        holds=lambda self: (getattr(self, name) is not None) == (self.type == kind),
        value=f"type {{type}} with {field} {{{field}|absent}}",
        requirement=f"{field} for type {kind}, and for no other",
        remedy=remedy,
        field=field,
    )


def _has_time_in_range(metric: Any) -> bool:
    if metric.type not in TIMES or not re.fullmatch(TIME, metric.target):
        return True
    return is_time_in_range(metric.target)


METRIC_RULES = (
    _only_for(
        "statistic",
        "statistic",
        "Latency",
        "write p50, p95, p99 or mean for Latency, and remove it elsewhere",
    ),
    QUERY_RULE,
    _only_for(
        "targetType",
        "target_type",
        "Prometheus",
        "write Value for a value of each pod, AverageValue for a sum over all pods, and remove it"
        " elsewhere",
    ),
    _form(
        TIMES,
        TIME,
        "a duration with its unit",
        "write a number and one of us, ms and s, such as 5ms",
    ),
    Rule(
        # A text of another form has a sentence of its own.
        cel=f"!({is_one_of(TIMES)}) || !self.target.matches({cel_string(f'^{TIME}$')})"
        " || (duration(self.target) >= duration('100us')"
        " && duration(self.target) <= duration('60s'))",
        holds=_has_time_in_range,
        value='"{target}"',
        requirement="a duration from 100us to 60s",
        remedy="write the time that requests may take when the pods are busy",
        field="target",
    ),
    _form(
        SHARES,
        _SHARE,
        "a percentage from 1% to 100%",
        "write the share that shall be used when the pods are busy, such as 70%",
    ),
    _form(
        NUMBERS,
        _NUMBER,
        "a number above 0 without a unit",
        "write how much of it one pod shall have, such as 4",
    ),
)

_NAME = "(has({0}.name) ? {0}.name : '')"
_STATISTIC = "(has({0}.statistic) ? {0}.statistic : '')"
_SAME_NAME = f"{_NAME.format('o')} == {_NAME.format('m')}"
_SAME_KIND = f"o.type == m.type && {_STATISTIC.format('o')} == {_STATISTIC.format('m')}"
_IS_SINGLE = f"self.metrics.exists_one(o, {_SAME_NAME} && (has(m.name) || {_SAME_KIND}))"


def _first_repeated(autoscaling: Any) -> str:
    labels = [metric.label for metric in autoscaling.metrics]
    return next((label for label in labels if labels.count(label) > 1), "")


_MINIMUM = "(has(self.minReplicas) ? self.minReplicas : 1)"
_SCHEDULE_MINIMUM = f"(has(s.minReplicas) ? s.minReplicas : {_MINIMUM})"
_SCHEDULE_MAXIMUM = "(has(s.maxReplicas) ? s.maxReplicas : self.maxReplicas)"
_IN_ORDER = f"{_SCHEDULE_MINIMUM} <= {_SCHEDULE_MAXIMUM}"


def _bad_schedules(autoscaling: Any) -> list[str]:
    return [
        schedule.name
        for schedule in autoscaling.schedules
        if (schedule.min_replicas or autoscaling.min_replicas)
        > (schedule.max_replicas or autoscaling.max_replicas)
    ]


AUTOSCALING_RULES = (
    Rule(
        cel=f"{_MINIMUM} <= self.maxReplicas",
        holds=lambda self: self.min_replicas <= self.max_replicas,
        value="{minReplicas|1}",
        requirement="at most maxReplicas, which is {maxReplicas}",
        remedy="lower minReplicas, or raise maxReplicas",
        field="minReplicas",
    ),
    Rule(
        cel=f"self.metrics.all(m, {_IS_SINGLE})",
        holds=lambda self: not _first_repeated(self),
        value="two metrics that have the same name, or the same type and no name",
        requirement="metrics that can be told apart",
        remedy="remove one of them, or give each a name of its own",
        field="metrics",
    ),
    Rule(
        cel="!has(self.fallback) || self.fallback.replicas <= self.maxReplicas",
        holds=lambda self: self.fallback is None or self.fallback.replicas <= self.max_replicas,
        value="{fallback.replicas|nothing}",
        requirement="at most maxReplicas, which is {maxReplicas}",
        remedy="lower fallback.replicas, or raise maxReplicas",
        field="fallback.replicas",
    ),
    Rule(
        cel=f"!has(self.schedules) || self.schedules.all(s, {_IN_ORDER})",
        holds=lambda self: not _bad_schedules(self),
        value="schedule {schedule} with a minimum above its maximum",
        requirement="minReplicas up to maxReplicas, where the schedule has both or takes one from"
        " autoscaling",
        remedy="write both in the schedule",
        field="schedules",
        computed=(
            Computed(
                "schedule",
                f"self.schedules.filter(s, !({_IN_ORDER}))[0].name",
                lambda self: _bad_schedules(self)[0],
            ),
        ),
    ),
)

FALLBACK_RULES = (
    Rule(
        # A text that is not a duration has a sentence of its own.
        cel=f"!has(self.after) || !self.after.matches({cel_string(f'^{DURATION_PATTERN}$')})"
        " || (duration(self.after) >= duration('30s') && duration(self.after) <= duration('24h'))",
        holds=lambda self: timedelta(seconds=30) <= self.after <= timedelta(hours=24),
        value="less than 30s, or more than 24h",
        requirement="a duration from 30s to 24h",
        remedy="leave a short outage to the pods that there are (the default is 3m)",
        field="after",
    ),
)

SCHEDULE_RULES = (
    Rule(
        cel="has(self.minReplicas) || has(self.maxReplicas)",
        holds=lambda self: self.has("min_replicas") or self.has("max_replicas"),
        value="a schedule without a number of replicas",
        requirement="minReplicas, maxReplicas or both",
        remedy="write what shall hold from start to end",
    ),
    Rule(
        cel="self.start != self.end",
        holds=lambda self: self.start != self.end,
        value='"{end}", as start has it',
        requirement="another time than start",
        remedy="write when the schedule ends",
        field="end",
    ),
)

TOLERANCE_RULES = (
    Rule(
        # A text that is not a quantity has a sentence of its own.
        cel="!has(self.tolerance) || !isQuantity(string(self.tolerance))"
        " || quantity(string(self.tolerance)).compareTo(quantity('1')) < 0",
        holds=lambda self: parse_quantity(self.tolerance) < 1,
        value="{tolerance|0.1}",
        requirement="a number from 0 to below 1",
        remedy="write 0.1 for a tenth of the target",
        field="tolerance",
    ),
)

SCALE_DOWN_RULES = (
    *TOLERANCE_RULES,
    Rule(
        cel="!has(self.policies) || self.policies.all(p, p.type != 'Percent' || p.value <= 100)",
        holds=lambda self: all(p.type != "Percent" or p.value <= 100 for p in self.policies),
        value="a policy that removes more than 100 percent",
        requirement="a Percent from 1 to 100, since there are no more pods to remove",
        remedy="lower value to 100 or less",
        field="policies",
    ),
)

AUTOSCALED_SPEC_RULES = (
    Rule(
        cel="!has(self.autoscaling) || !has(self.replicas)",
        holds=lambda self: self.autoscaling is None or not self.has("replicas"),
        value="replicas {replicas|absent} beside autoscaling",
        requirement="one of them, since both set the number of pods",
        remedy="remove replicas (kubectl scale writes it) and set autoscaling.minReplicas and"
        " maxReplicas, or remove autoscaling",
        field="replicas",
    ),
    Rule(
        # Only the API server knows what there was before.
        cel="!has(oldSelf.autoscaling) || has(self.autoscaling) || has(self.replicas)",
        holds=lambda self: True,
        value="neither replicas nor autoscaling, which there was",
        requirement="replicas, since without it one pod would be left",
        remedy="write the number of pods that shall stay",
        field="replicas",
    ),
)
"""Rules of a spec with the field `autoscaling`."""
