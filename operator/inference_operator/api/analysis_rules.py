"""Rules of `spec.rollout.canary.analysis` and its metrics, across several of their fields."""

import re
from datetime import timedelta
from typing import Any

from inference_operator.api.base import DURATION_PATTERN
from inference_operator.api.metric_rules import (
    QUERY_RULE,
    TIME,
    TIMES,
    is_one_of,
    is_time_in_range,
)
from inference_operator.api.rules import Rule, cel_string

_SHARES = ("ErrorRate", "GPUUtilization")
_SHARE = r"(0\.0{0,8}[1-9][0-9]{0,8}|[1-9][0-9]?(\.[0-9]{1,9})?)%"
_NUMBER = r"[0-9]{1,9}(\.[0-9]{1,9})?"


def _form(types: tuple[str, ...], form: str, requirement: str, remedy: str) -> Rule:
    """Return the rule that `max` has the unit of these types."""
    return Rule(
        cel=f"!has(self.max) || !({is_one_of(types)})"
        f" || self.max.matches({cel_string(f'^{form}$')})",
        holds=lambda self: (
            self.max is None or self.type not in types or bool(re.fullmatch(form, self.max))
        ),
        value='"{max}" for type {type}',
        requirement=requirement,
        remedy=remedy,
        field="max",
    )


def _has_time_in_range(metric: Any) -> bool:
    if metric.max is None or metric.type not in TIMES or not re.fullmatch(TIME, metric.max):
        return True
    return is_time_in_range(metric.max)


METRIC_RULES = (
    Rule(
        cel="has(self.max) || has(self.maxRelative)",
        holds=lambda self: self.max is not None or self.max_relative is not None,
        value="a metric without a limit",
        requirement="max, maxRelative or both",
        remedy="write what a good version does not exceed",
    ),
    Rule(
        cel="has(self.statistic) == (self.type == 'Latency')",
        holds=lambda self: (self.statistic is not None) == (self.type == "Latency"),
        value="statistic {statistic|absent} for type {type}",
        requirement="a statistic for type Latency, and for no other",
        remedy="write p50, p95, p99 or mean for Latency, and remove it elsewhere",
        field="statistic",
    ),
    QUERY_RULE,
    _form(
        _SHARES,
        _SHARE,
        "a percentage above 0% and below 100%",
        "write a share of the requests, or of the GPU, such as 1%",
    ),
    _form(
        TIMES,
        TIME,
        "a duration with its unit",
        "write a number and one of us, ms and s, such as 20ms",
    ),
    Rule(
        # A text of another form has a sentence of its own.
        cel=f"!has(self.max) || !({is_one_of(TIMES)})"
        f" || !self.max.matches({cel_string(f'^{TIME}$')})"
        " || (duration(self.max) >= duration('100us') && duration(self.max) <= duration('60s'))",
        holds=_has_time_in_range,
        value='"{max}"',
        requirement="a duration from 100us to 60s",
        remedy="write the longest time that a good version takes",
        field="max",
    ),
    _form(
        ("Prometheus",),
        _NUMBER,
        "a number without a unit",
        "write it in the unit of the query's answer",
    ),
)


def _compares_pods(metric: Any) -> bool:
    """Return whether a metric compares a canary with single pods: a query does so by `$pods`."""
    is_query = metric.type == "Prometheus"
    return bool(metric.max_relative) and (not is_query or "$pods" in (metric.query or ""))


def _limits_errors(metric: Any) -> bool:
    return metric.type == "ErrorRate" and metric.max is not None and metric.mode == "Enforce"


ANALYSIS_RULES = (
    Rule(
        cel="(has(self.failures) ? self.failures : 2) <= (has(self.outOf) ? self.outOf : 3)",
        holds=lambda self: self.failures <= self.out_of,
        value="{failures|2}",
        requirement="at most outOf, which is {outOf|3}",
        remedy="lower failures, or raise outOf",
        field="failures",
    ),
    Rule(
        # A text that is not a duration has a sentence of its own.
        cel="!has(self.interval)"
        f" || !self.interval.matches({cel_string(f'^{DURATION_PATTERN}$')})"
        " || duration(self.interval) >= duration('10s')",
        holds=lambda self: self.interval >= timedelta(seconds=10),
        value="less than 10s",
        requirement="at least 10s",
        remedy="give Prometheus time for new values (the default is 15s)",
        field="interval",
    ),
    Rule(
        cel="!has(self.onTimeout) || self.onTimeout != 'Promote' || self.metrics.exists(m,"
        " m.type == 'ErrorRate' && has(m.max) && (!has(m.mode) || m.mode == 'Enforce'))",
        holds=lambda self: self.on_timeout != "Promote" or any(map(_limits_errors, self.metrics)),
        value="Promote without an absolute limit on errors",
        requirement="a metric of type ErrorRate with max, in mode Enforce",
        remedy="add one, or choose Pause or Abort",
        field="onTimeout",
    ),
    Rule(
        cel="!has(self.comparedWith) || self.comparedWith != 'Baseline'"
        " || self.metrics.exists(m, has(m.maxRelative)"
        " && (m.type != 'Prometheus' || has(m.query) && m.query.contains('$pods')))",
        holds=lambda self: (
            self.compared_with != "Baseline" or any(map(_compares_pods, self.metrics))
        ),
        value="Baseline without a metric that compares with it",
        requirement="a metric with maxRelative, of type Prometheus only with $pods in its query",
        remedy="add maxRelative to a metric, name the pods by =~$pods, or remove comparedWith",
        field="comparedWith",
    ),
)
