"""Collection of disjoint windows: what each pod did between two of its scrapes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from inference_operator.domain.analysis import MeasuredPod, MeasuredTrack
from inference_operator.domain.measurement import Family, PodName, Sample, Sweep
from inference_operator.planning.measuring.counters import (
    Gap,
    Missing,
    Reading,
    Rows,
    SharedKeys,
    growth,
    merged,
    reading_of,
    scrape_time,
    stale,
)
from inference_operator.planning.measuring.pods import PodMemory, PodView
from inference_operator.planning.measuring.probes import probes_of, without_probes
from inference_operator.planning.measuring.totals import Totals, totals_of

Views = Mapping[str, PodView]
_CROWDED = Gap(Missing.TOO_MANY, "the pods of the namespace have more than an answer may have")
_TIMES = frozenset({Family.REQUEST_TIME, Family.QUEUE_TIME})
_NOTHING: Mapping[Family, tuple[Sample, ...]] = {}


@dataclass(frozen=True, slots=True)
class Collector:
    """The sweep, and what each pod of a unit is read by."""

    namespace: str
    """The unit's namespace."""

    sweep: Sweep
    families: frozenset[Family]
    """The counters that are read, without those of the sidecar."""

    initial_delay: timedelta | None = None
    """How long requests of a new pod do not count; None for as long as the pod took to start."""

    crowded: frozenset[Family] = frozenset()
    """The families of which the unit's namespace has more series than an answer."""

    unread: frozenset[Family] = frozenset()
    """The families without a whole answer. Their next growth spans the time."""

    shared: SharedKeys = field(default_factory=dict)
    """Keys of the counters, of all pods that were read until now."""

    def views(self, track: MeasuredTrack, before: Mapping[str, PodMemory]) -> dict[str, PodView]:
        """Return the pods of a track by name."""
        models = frozenset({track.model, *track.step_models})
        return {
            pod.name: self._view(pod, track, models, before.get(pod.name)) for pod in track.pods
        }

    def _view(
        self,
        pod: MeasuredPod,
        track: MeasuredTrack,
        models: frozenset[str],
        before: PodMemory | None,
    ) -> PodView:
        name = PodName(self.namespace, pod.name)
        samples = self.sweep.by_pod.get(name, _NOTHING)
        time = scrape_time(samples)
        if isinstance(time, Gap):
            return PodView(before, self._without_series(pod, time))
        if (gap := stale(time, self.sweep)) is not None:
            return PodView(before, gap)
        if before is not None and time <= before.last.time:
            return PodView(before)
        reading = self._reading(time, samples, models)
        if (lost := _lost_requests(reading, track.model)) is not None:
            # Its failures would be all of its requests. The next usable scrape spans the time.
            return PodView(before, self._without_series(pod, lost))
        probes = probes_of(samples, track, before.probes if before else None)
        if before is None:
            return PodView(PodMemory(reading, probes=probes))
        settled = (pod.ready_since + self._delay(pod)).timestamp()
        grown = growth(_without_new_times(before.last), reading.rows)
        kept = replace(reading, rows=merged(before.last.rows, reading.rows))
        if before.last.time < settled or grown is None:
            # It only starts the count. What was counted before stays.
            since = replace(probes, successes=0.0, failures=0.0)
            return PodView(PodMemory(kept, before.pending, before.last.time >= settled, since))
        counted = totals_of(grown, track, pod.name, time - before.last.time)
        counted, probes = without_probes(counted, probes, pod.name)
        pending = before.pending.plus(counted) if before.pending else counted
        return PodView(PodMemory(kept, pending, True, probes))

    def _reading(
        self, time: float, samples: Mapping[Family, tuple[Sample, ...]], models: frozenset[str]
    ) -> Reading:
        families = self.families - self.unread
        reading = reading_of(time, samples, families, models, self.shared)
        crowded = dict.fromkeys(self.crowded & families, _CROWDED)
        if not crowded and not self.unread:
            return reading
        return replace(reading, gaps={**reading.gaps, **crowded}, unread=self.unread)

    def _delay(self, pod: MeasuredPod) -> timedelta:
        return pod.start_time if self.initial_delay is None else self.initial_delay

    def _without_series(self, pod: MeasuredPod, gap: Gap) -> Gap:
        if Family.FRESHNESS in self.crowded:
            return _CROWDED
        since = (self.sweep.at - pod.ready_since).total_seconds()
        is_young = gap.reason is Missing.NO_SERIES and since < self.sweep.age_limit
        return Gap(Missing.YOUNG) if is_young else gap


def _without_new_times(last: Reading) -> Rows:
    """Return the counters of before, without those of times that were missing.

    When they are back, their growth is of more requests than the present ones. They only start.
    """
    missing = _TIMES & (last.gaps.keys() | last.unread)
    return {row: value for row, value in last.rows.items() if row[0] not in missing}


def _lost_requests(reading: Reading, model: str) -> Gap | None:
    """Return why the successful requests of the model that clients call are not known, if so."""
    if Family.REQUESTS in reading.gaps:
        return reading.gaps[Family.REQUESTS]
    has_any = any(
        family is Family.REQUESTS and labels[0] == model for family, labels in reading.rows
    )
    return None if has_any else Gap(Missing.NO_SERIES)


def is_complete(views: Views) -> bool:
    """Return whether there are pods with values, and each of them was scraped again."""
    live = [view.memory for view in views.values() if view.gap is None and view.memory]
    counted = [memory for memory in live if memory.is_counted]
    return bool(counted) and all(memory.pending is not None for memory in counted)


def has_pending(views: Views) -> bool:
    """Return whether some pod was scraped again since the last window."""
    return any(view.memory and view.memory.pending for view in views.values())


def has_counted(views: Views) -> bool:
    """Return whether some pod has values that count."""
    return any(v.gap is None and v.memory and v.memory.is_counted for v in views.values())


def waited(closed: datetime | None, sweep: Sweep) -> bool:
    """Return whether a pod that is not scraped has held up the window for two scrapes."""
    return closed is not None and (sweep.at - closed).total_seconds() >= sweep.age_limit / 2


def taken(views: Views) -> Totals:
    """Return what all pods did since the last window."""
    totals = Totals()
    for view in views.values():
        if view.memory and view.memory.pending:
            totals = totals.plus(view.memory.pending)
    return totals


def without_pending(pods: Mapping[str, PodMemory]) -> dict[str, PodMemory]:
    """Return the pods with nothing left to judge."""
    return {name: replace(pod, pending=None) if pod.pending else pod for name, pod in pods.items()}
