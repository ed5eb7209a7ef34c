"""The canary's memory: how it begins, and what a window adds to it."""

from collections.abc import Sequence
from dataclasses import replace

from inference_operator.api.analysis import Analysis, AnalysisMetric, MetricMode
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.analysis import AnalysisQuestion, MetricResult
from inference_operator.planning.analysis.evidence import continued
from inference_operator.planning.analysis.limits import ShareLimit, limits_of
from inference_operator.planning.analysis.means import judged_window
from inference_operator.planning.analysis.memory import (
    CanaryMemory,
    LimitMemory,
    OpenWindow,
    StepMemory,
    WindowVerdict,
)
from inference_operator.planning.analysis.queries import were_asked
from inference_operator.planning.analysis.round import Round
from inference_operator.planning.analysis.shares import Judged, after, begun, shows_percentiles
from inference_operator.planning.measuring.collecting import has_counted
from inference_operator.planning.measuring.totals import Totals

_MOST_PASSES = 100


def share_limits(settings: Analysis) -> tuple[ShareLimit, ...]:
    """Return the limits that are judged by evidence."""
    return tuple(
        limit for metric in settings.metrics if metric.is_share for limit in limits_of(metric)
    )


def windowed(settings: Analysis) -> tuple[AnalysisMetric, ...]:
    """Return the metrics that are judged by windows."""
    return tuple(metric for metric in settings.metrics if not metric.is_share)


def begun_canary(question: AnalysisQuestion) -> CanaryMemory:
    """Return the memory of a canary of which nothing is known but its record."""
    assert question.canary is not None
    record = question.record
    revision = question.canary.revision
    return CanaryMemory(
        revision=revision,
        settings=question.settings,
        record=record if record is not None and record.revision == revision else None,
    )


def after_windows(
    canary: CanaryMemory, history: Sequence[Totals], seen: Round
) -> tuple[CanaryMemory, bool]:
    """Return the canary with the windows that end now, and whether any does."""
    has_news = seen.window is not None
    if seen.window is not None:
        canary = _with_evidence(canary, history, seen.window, seen)
    if not windowed(canary.settings) or not has_counted(seen.canary):
        return canary, has_news
    canary, has_ended = _with_means(canary, seen)
    return canary, has_news or has_ended


def _with_evidence(
    canary: CanaryMemory, history: Sequence[Totals], window: Judged, seen: Round
) -> CanaryMemory:
    limits = dict(canary.limits)
    for limit in share_limits(canary.settings):
        memory = limits.get(limit.key)
        if memory is None:
            shown = history
            if limit.quantile is not None and not shows_percentiles(history):
                # What the stable revision did until now is not part of this window either.
                shown = (*history, canary.stable)
            memory = _first(limit, shown, window, canary)
        if memory is not None:
            limits[limit.key] = after(memory, limit, window)
    opened = canary.unended
    if opened is not None:
        opened = replace(
            opened,
            canary=opened.canary.plus(window.canary),
            stable=opened.stable.plus(window.stable),
        )
    return replace(
        canary,
        limits=limits,
        unended=opened,
        canary=canary.canary.plus(window.canary),
        stable=canary.stable.plus(window.stable),
        end=seen.sweep.at,
        is_overloaded=window.is_overloaded,
    )


def _first(
    limit: ShareLimit,
    history: Sequence[Totals],
    window: Judged,
    canary: CanaryMemory,
) -> LimitMemory | None:
    fresh = begun(limit, history, window)
    fresh = replace(fresh, source=canary.source) if fresh else None
    if canary.record is None:
        return fresh
    memory = continued(limit, fresh or LimitMemory(source=canary.source), canary.record)
    is_known = limit.quantile is None or memory.boundary is not None
    return memory if is_known else fresh


def _with_means(canary: CanaryMemory, seen: Round) -> tuple[CanaryMemory, bool]:
    """Return the canary with one more window of means, if it ends now."""
    opened = canary.unended
    if opened is None:
        return replace(canary, unended=OpenWindow(begun=seen.sweep.at)), False
    length, age = canary.settings.window.length, seen.sweep.at - opened.begun
    if age < length or (age < 2 * length and not were_asked(seen.question, seen.sweep)):
        return canary, False
    window = Judged(opened.canary, opened.stable, canary.is_overloaded)
    rings: dict[str, tuple[WindowVerdict, ...]] = dict(canary.rings)
    for metric in windowed(canary.settings):
        verdict = judged_window(seen.question, metric, window, seen.sweep)
        ring = (*rings.get(metric.name, ()), verdict)
        rings[metric.name] = ring[-canary.settings.out_of :]
    return replace(canary, rings=rings, unended=OpenWindow(begun=seen.sweep.at)), True


def stepped(
    canary: CanaryMemory, metrics: Sequence[MetricResult], seen: Round, has_news: bool
) -> CanaryMemory:
    """Return the canary with one more judgement of its analysis step, if it is time for one.

    A judgement can pass only if a window ended since the last one. Without an answer of Prometheus
    there is none.
    """
    step, at = seen.question.step, seen.sweep.at
    if step is None:
        return replace(canary, step=None) if canary.step else canary
    memory = canary.step
    if memory is None or memory.since != step.since:
        memory = StepMemory(step.since)
    deciding = [each for each in metrics if each.name in step.metrics and decides(each)]
    has_passed = all(each.verdict is Verdict.PASS for each in deciding)
    is_due = memory.judged is None or at - memory.judged >= canary.settings.interval
    is_without_answer = any(each.verdict is Verdict.ERROR for each in deciding)
    if at > step.since and is_due and not is_without_answer and (has_news or not has_passed):
        passes = min(memory.passes + 1, _MOST_PASSES) if has_passed else 0
        memory = StepMemory(step.since, passes, at)
    return replace(canary, step=memory)


def decides(metric: MetricResult) -> bool:
    """Return whether a metric is more than shown."""
    return metric.mode is MetricMode.ENFORCE
