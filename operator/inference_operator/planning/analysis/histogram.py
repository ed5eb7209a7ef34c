"""Source of a unit's percentiles: the histogram of Triton, or that of its gateway."""

from collections.abc import Mapping
from dataclasses import replace

from inference_operator.api.analysis import AnalysisMetric, MetricType
from inference_operator.api.analysis_status import HistogramSource
from inference_operator.domain.analysis import MeasuredTrack
from inference_operator.domain.measurement import GATEWAY_FAMILIES, Family, NoAnswer
from inference_operator.planning.analysis.families import asks_gateway
from inference_operator.planning.analysis.limits import limits_of
from inference_operator.planning.analysis.memory import AnalysisMemory, CanaryMemory
from inference_operator.planning.analysis.round import Round
from inference_operator.planning.measuring.collecting import Views, has_counted
from inference_operator.planning.measuring.counters import Missing
from inference_operator.planning.measuring.coverage import (
    INCOMPLETE,
    Trouble,
    coverage,
    no_answer,
    said,
    warning_of,
)
from inference_operator.planning.measuring.gateway import ServiceMemory, ServiceView, service_view
from inference_operator.planning.measuring.totals import Totals

NO_HISTOGRAM = "NoHistogram"
_CANARY, _STABLE = "canary", "stable"
_NEITHER = (
    "neither the pods nor the gateway have a histogram of latencies, which the gateway would have"
    " of the Service {}/{}: it takes Triton 26.01 or later, and metrics.latencyBuckets of the"
    " model; or let Prometheus scrape the gateway, with a label for each Service; or"
    " write statistic: mean"
)


def is_percentile(metric: AnalysisMetric) -> bool:
    """Return whether a metric is computed from a histogram."""
    return metric.type is MetricType.LATENCY and metric.is_share


def with_source(memory: AnalysisMemory, seen: Round) -> tuple[AnalysisMemory, Round]:
    """Return both with the source of percentiles, and with what the gateway counted.

    Triton's own histogram is taken where both tracks have it. When the source changes, all that
    was read of the former one is forgotten: its boundaries and its latencies are others.
    """
    source = _source(seen) or memory.source
    if source is not memory.source:
        memory = _forgotten(memory)
    memory = replace(memory, source=source)
    if memory.canary is not None:
        memory = replace(memory, canary=replace(memory.canary, source=source))
    views = _views(memory.services, seen) if asks_gateway(seen.question) else {}
    services = {track: view.memory for track, view in views.items()}
    return replace(memory, services=services), replace(seen, services=views)


def with_buckets(memory: AnalysisMemory, canary: Totals, stable: Totals) -> tuple[Totals, Totals]:
    """Return what both tracks did in a window, with the gateway's histogram if it is the source."""
    if memory.source is not HistogramSource.GATEWAY:
        return canary, stable
    of_canary, of_stable = (memory.services.get(each) for each in (_CANARY, _STABLE))
    return (
        replace(canary, buckets=of_canary.pending if of_canary else {}),
        replace(stable, buckets=of_stable.pending if of_stable else {}),
    )


def gateway_outage(seen: Round, source: HistogramSource) -> NoAnswer | None:
    """Return why Prometheus gave no answer about the gateway, if percentiles need it."""
    if source is not HistogramSource.GATEWAY:
        return None
    return no_answer(seen.sweep, GATEWAY_FAMILIES)


def gateway_trouble(seen: Round) -> Trouble | None:
    """Return what is wrong with the gateway's histogram, if anything is.

    A Service without series beside one that has some had no requests yet.
    """
    if warning := warning_of(seen.sweep, GATEWAY_FAMILIES):
        return Trouble(INCOMPLETE, f"Prometheus warns that values may be missing: {warning}")
    gaps = {track: view.gap for track, view in seen.services.items() if view.gap is not None}
    bad = [(track, gap) for track, gap in gaps.items() if gap.reason is not Missing.NO_SERIES]
    for track, gap in bad:
        return Trouble(gap.reason.value, f"the gateway's histogram of the {track} has {said(gap)}")
    service = seen.question.stable.service
    if len(gaps) < len(seen.services) or service is None:
        return None
    return Trouble(NO_HISTOGRAM, _NEITHER.format(service.namespace, service.name))


def _source(seen: Round) -> HistogramSource | None:
    """Return the source by what the pods have; None if no pod has been seen."""
    if not asks_gateway(seen.question):
        return HistogramSource.TRITON
    if Family.BUCKETS in seen.unread:
        return None
    tracks = [_has_histogram(views) for views in (seen.canary, seen.stable)]
    per_track = [each for each in tracks if each is not None]
    if not per_track:
        return None
    return HistogramSource.TRITON if all(per_track) else HistogramSource.GATEWAY


def _has_histogram(views: Views) -> bool | None:
    """Return whether a pod of a track had Triton's histogram at one of its scrapes."""
    seen = [view.memory.last for view in views.values() if view.memory]
    if not seen:
        return None
    return any(family is Family.BUCKETS for last in seen for family, _ in last.rows)


def _is_lost(seen: Round) -> bool:
    return no_answer(seen.sweep, GATEWAY_FAMILIES) is not None or bool(
        warning_of(seen.sweep, GATEWAY_FAMILIES)
    )


def _views(before: Mapping[str, ServiceMemory], seen: Round) -> dict[str, ServiceView]:
    if _is_lost(seen):
        # The next sweep spans the time.
        return {track: ServiceView(memory) for track, memory in before.items()}
    question = seen.question
    views = {_STABLE: _view(question.stable, seen, (before.get(_STABLE), seen.stable))}
    if question.canary is not None and question.canary.service is not None:
        views[_CANARY] = _view(question.canary, seen, (before.get(_CANARY), seen.canary))
    return views


def _view(
    track: MeasuredTrack, seen: Round, per_track: tuple[ServiceMemory | None, Views]
) -> ServiceView:
    before, views = per_track
    started = has_counted(views) and coverage(views, frozenset({Family.REQUESTS})).young == 0
    return service_view(track, seen.sweep, before, has_started=started)


def _forgotten(memory: AnalysisMemory) -> AnalysisMemory:
    """Return the memory without anything that was read of a histogram."""
    history = tuple(replace(window, buckets={}) for window in memory.history)
    canary = _canary_without(memory.canary) if memory.canary else None
    return replace(memory, history=history, canary=canary)


def _canary_without(canary: CanaryMemory) -> CanaryMemory:
    keys = {
        limit.key
        for metric in canary.settings.metrics
        if is_percentile(metric)
        for limit in limits_of(metric)
    }
    return replace(
        canary,
        limits={key: each for key, each in canary.limits.items() if key not in keys},
        canary=replace(canary.canary, buckets={}),
        stable=replace(canary.stable, buckets={}),
    )
