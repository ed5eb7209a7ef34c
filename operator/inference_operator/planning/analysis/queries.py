"""Queries of users about a canary: their texts, the pods that they name, and why none is asked."""

from collections.abc import Iterator

from inference_operator.api.analysis import AnalysisMetric, MetricType
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisQuestion, MeasuredTrack
from inference_operator.domain.measurement import Sweep
from inference_operator.domain.query_template import (
    NAMES_OF_ANALYSIS,
    fill,
    names_pods,
    one_of,
    problem_of,
)
from inference_operator.planning.measuring.coverage import Trouble

YOUNG = "Young"
LONGEST_FILLED = 100_000
"""Characters of a query with all its names of pods."""

_TOO_LONG = "TooLong"
_NO_POD = "no pod of the {} answers yet"


def user_query(
    question: AnalysisQuestion, metric: AnalysisMetric, track: MeasuredTrack
) -> str | None:
    """Return the text of a user's query about a track, as Prometheus is asked; None for one with a
    wrong name, and for one about pods that do not exist or that are too many."""
    text = _filled(question, metric, track)
    return text if text is not None and len(text) <= LONGEST_FILLED else None


def user_queries(question: AnalysisQuestion) -> tuple[str, ...]:
    """Return the distinct texts of a unit's user queries; none without a canary."""
    texts = (
        user_query(question, metric, track)
        for metric in question.settings.metrics
        if metric.type is MetricType.PROMETHEUS
        for track in tracks_of(question, metric)
    )
    return tuple(dict.fromkeys(text for text in texts if text is not None))


def tracks_of(question: AnalysisQuestion, metric: AnalysisMetric) -> Iterator[MeasuredTrack]:
    """Yield the canary, and what a relative limit compares it with; nothing without a canary."""
    if question.canary is not None:
        yield question.canary
        if metric.max_relative is not None:
            yield question.stable


def knows_pods(metric: AnalysisMetric) -> bool:
    """Return whether a metric is of single pods: a query without `$pods` knows revisions alone."""
    return metric.type is not MetricType.PROMETHEUS or names_pods(metric.query or "")


def compared(question: AnalysisQuestion, metric: AnalysisMetric) -> str:
    """Return what messages call the pods that a metric compares a canary with."""
    return question.stable.words if knows_pods(metric) else "stable revision"


def query_trouble(
    question: AnalysisQuestion, metric: AnalysisMetric
) -> tuple[Verdict, Trouble] | None:
    """Return why a query cannot be asked about its pods, if so."""
    if metric.type is not MetricType.PROMETHEUS or not knows_pods(metric):
        return None
    for track in tracks_of(question, metric):
        name = question.stable.words if track is question.stable else "canary"
        if not track.pods:
            return Verdict.LOW_TRAFFIC, Trouble(YOUNG, _NO_POD.format(name))
        text = _filled(question, metric, track)
        if text is not None and len(text) > LONGEST_FILLED:
            words = (
                f"the query with the names of {len(track.pods):,} pods has {len(text):,}"
                f" characters, at most {LONGEST_FILLED:,} are asked: write $pods once, or $revision"
            )
            return Verdict.NO_DATA, Trouble(_TOO_LONG, words)
    return None


def were_asked(question: AnalysisQuestion, sweep: Sweep) -> bool:
    """Return whether a sweep asked about the pods of now: they may have changed since it began."""
    return all(text in sweep.queries for text in user_queries(question))


def _filled(question: AnalysisQuestion, metric: AnalysisMetric, track: MeasuredTrack) -> str | None:
    query = metric.query or ""
    if not query or problem_of(query, NAMES_OF_ANALYSIS):
        return None
    if not track.pods and names_pods(query):
        # An expression without names would fit series without a pod.
        return None
    values = {
        "namespace": question.unit.namespace,
        "model": track.model,
        "revision": track.revision,
        "pods": one_of([pod.name for pod in track.pods]),
    }
    return fill(query, values, question.settings.window)
