"""One round of judging: everything that a sweep shows of one unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from inference_operator.domain.analysis import AnalysisQuestion, MeasuredTrack
from inference_operator.domain.measurement import Family, NoAnswer, Sweep
from inference_operator.planning.analysis.families import core_families, counters_of
from inference_operator.planning.analysis.shares import Judged
from inference_operator.planning.measuring.collecting import Collector, Views
from inference_operator.planning.measuring.coverage import (
    crowded,
    no_answer,
    unread,
    warning_of,
)
from inference_operator.planning.measuring.gateway import ServiceView
from inference_operator.planning.measuring.pods import PodMemory, PodView


@dataclass(frozen=True, slots=True)
class Round:
    """What a sweep shows of the pods of both tracks."""

    question: AnalysisQuestion
    sweep: Sweep
    canary: Views
    stable: Views
    outage: NoAnswer | None = None
    """Why a family of counters has no answer."""

    warning: str = ""
    """Prometheus' warning that rows may be missing."""

    is_lost: bool = False
    """Whether no counter of this sweep may be read. The next one that may be spans the time."""

    unread: frozenset[Family] = frozenset()
    """The families without a whole answer. The others are counted, unless the sweep is lost."""

    window: Judged | None = field(default=None)
    """The window of both tracks that ended with this sweep."""

    services: Mapping[str, ServiceView] = field(default_factory=dict)
    """The Services of a unit with a gateway: of `stable`, and of `canary`."""

    @property
    def memories(self) -> dict[str, PodMemory]:
        """The newest counters of the unit's pods."""
        views = {**self.stable, **self.canary}
        return {name: view.memory for name, view in views.items() if view.memory is not None}


def round_of(question: AnalysisQuestion, sweep: Sweep, before: Mapping[str, PodMemory]) -> Round:
    """Return what the sweep shows, after the counters of before."""
    counters = counters_of(question.settings)
    families = counters | {Family.FRESHNESS}
    outage, warning = no_answer(sweep, families), warning_of(sweep, families)
    if unread(sweep, core_families(question.settings)):
        canary, stable = (_remembered(each, before) for each in (question.canary, question.stable))
        return Round(question, sweep, canary, stable, outage, warning, is_lost=True)
    namespace = question.unit.namespace
    missing = unread(sweep, counters)
    collector = Collector(
        namespace,
        sweep,
        counters,
        question.settings.initial_delay,
        crowded(sweep, namespace),
        missing,
    )
    canary = collector.views(question.canary, before) if question.canary else {}
    stable = collector.views(question.stable, before)
    return Round(question, sweep, canary, stable, outage, warning, unread=missing)


def _remembered(track: MeasuredTrack | None, before: Mapping[str, PodMemory]) -> Views:
    pods = track.pods if track else ()
    return {pod.name: PodView(before.get(pod.name)) for pod in pods}
