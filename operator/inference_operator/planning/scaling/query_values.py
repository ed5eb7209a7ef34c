"""Values of users' queries."""

import math

from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.api.quoting import beginning
from inference_operator.domain.measurement import NoAnswer, NoValue, QueryValue
from inference_operator.domain.scaling import MetricLoad
from inference_operator.planning.measuring.coverage import INCOMPLETE
from inference_operator.planning.scaling.families import user_query
from inference_operator.planning.scaling.sight import Sight

_WORDS_LENGTH = 200
_NOT_FINITE = "NotFinite"
_REASONS = {
    NoValue.NO_SERIES: (
        "NoSeries",
        "the query answers no series: if $window holds fewer than two scrapes, write a longer one",
    ),
    NoValue.AMBIGUOUS: ("Ambiguous", "the query answers several series: add them up in the query"),
    NoValue.NOT_A_NUMBER: (_NOT_FINITE, "the query answers NaN, as 0 / 0 does"),
    NoValue.INFINITE: (_NOT_FINITE, "the query answers an infinite value, as 1 / 0 does"),
}


def query_load(sight: Sight, metric: ScalingMetric) -> MetricLoad:
    """Return the load by the answer to a user's query, which is one of all pods."""
    text = user_query(sight.question, metric)
    answer = sight.sweep.queries.get(text) if text else None
    if answer is None:
        return sight.missing(metric, "NoSeries", "the query was not asked")
    if isinstance(answer, NoAnswer):
        words = beginning(answer.message, _WORDS_LENGTH)
        return sight.missing(metric, answer.outage.value, words)
    value = _value(answer)
    if isinstance(value, tuple):
        return sight.missing(metric, *value)
    pods = len(sight.track.pods)
    return MetricLoad(
        metric.label,
        value,
        value,
        pods,
        pods,
        can_shrink=not answer.warnings,
        reason=INCOMPLETE if answer.warnings else "",
        message=beginning(answer.warnings[0], _WORDS_LENGTH) if answer.warnings else "",
    )


def _value(answer: QueryValue) -> float | tuple[str, str]:
    if isinstance(answer.value, NoValue):
        return _REASONS[answer.value]
    if not math.isfinite(answer.value) or answer.value < 0:
        return _NOT_FINITE, f"the query answers {answer.value:g}, expected 0 or more"
    return answer.value
