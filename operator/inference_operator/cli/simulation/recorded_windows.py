"""Windows of a unit's revisions in the past, from the counters that Prometheus kept of their pods.

Nothing that is not measured is zero: a window without a scrape of a pod has no totals.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inference_operator.api.conditions import TIME_FORMAT
from inference_operator.cli.simulation.latency_fit import fitted
from inference_operator.cli.simulation.requests import Behaviour
from inference_operator.domain.analysis import MeasuredPod, MeasuredTrack
from inference_operator.domain.measurement import Family, PodName, Sample, Sweep
from inference_operator.domain.names import UnitKey
from inference_operator.planning.measuring.collecting import Collector, without_pending
from inference_operator.planning.measuring.counters import scrape_time
from inference_operator.planning.measuring.pods import PodMemory
from inference_operator.planning.measuring.totals import Totals

COUNTERS = frozenset(
    {
        Family.REQUESTS,
        Family.FAILURES,
        Family.REQUEST_TIME,
        Family.QUEUE_TIME,
        Family.BUCKETS,
    }
)
_NEEDED = frozenset({Family.REQUESTS, Family.FAILURES})
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
BySample = Mapping[PodName, Mapping[Family, tuple[Sample, ...]]]


@dataclass(frozen=True, slots=True)
class Recording:
    """What Prometheus has of the pods of one unit."""

    unit: UnitKey
    times: Sequence[int]
    """Evaluation times in seconds of Unix time, at equal distances."""

    samples: Mapping[float, BySample]
    """By evaluation time. A time without any sample may be absent."""

    is_pipeline: bool = False

    @property
    def step(self) -> int:
        """Return the seconds between two evaluation times."""
        return self.times[1] - self.times[0]


@dataclass(frozen=True, slots=True)
class Window:
    """What a revision did between two evaluation times; no totals: it was not measured."""

    is_expected: bool
    totals: Totals | None = None
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of the past, with a window for each evaluation time but the first."""

    name: str
    track: MeasuredTrack
    first: int
    windows: tuple[Window, ...]

    @property
    def behaviours(self) -> list[Behaviour | None]:
        """Return how it answered in each window; None where it was not measured or not asked."""
        return [
            None if window.totals is None else _behaviour(window.totals, self.track)
            for window in self.windows
        ]


def utc_text(time: float) -> str:
    """Return a Unix time as statuses write it.

    >>> utc_text(0)
    '1970-01-01T00:00:00Z'
    """
    return f"{datetime.fromtimestamp(time, UTC):{TIME_FORMAT}}"


def revision_of(unit: str, pod: str) -> str | None:
    """Return the revision in a pod's name; None for a pod of another unit.

    >>> revision_of("fx", "fx-0123456789-7d9f-x2x4z")
    '0123456789'
    >>> revision_of("fx", "fx-2-0123456789-7d9f-x2x4z")
    """
    match = re.fullmatch(pod_pattern(unit), pod)
    return match[1] if match else None


def pod_pattern(unit: str) -> str:
    """Return the regular expression of a unit's pods, with the revision as its group."""
    return rf"{unit}-([0-9a-f]{{10}})-[a-z0-9]+(?:-[a-z0-9]+)?"


def revisions(recording: Recording) -> Iterator[Revision]:
    """Yield the revisions whose pods have samples, each with its windows."""
    lives: dict[str, dict[str, tuple[int, int]]] = {}
    for time in recording.times:
        for pod, samples in recording.samples.get(time, {}).items():
            revision = revision_of(recording.unit.name, pod.name)
            # Prometheus answers with a pod's last values for some minutes after its end.
            age = time - _scraped(samples)
            if revision is not None and age < recording.step:
                pods = lives.setdefault(revision, {})
                first, _ = pods.get(pod.name, (time, time))
                pods[pod.name] = first, time
    for revision, pods in lives.items():
        track = _track(recording, revision, pods)
        first = min(begin for begin, _ in pods.values())
        yield Revision(revision, track, first, tuple(_windows(recording, track, pods)))


def _scraped(samples: Mapping[Family, tuple[Sample, ...]]) -> float:
    """Return the Unix time of the scrape; one long ago if it is not known."""
    time = scrape_time(samples)
    return time if isinstance(time, float) else 0.0


def _track(recording: Recording, revision: str, pods: Iterable[str]) -> MeasuredTrack:
    """Return the revision's model. A pipeline's own one has the number of its set of steps as
    version, and the others are its steps' models."""
    versions: dict[str, int] = {}
    names = {PodName(recording.unit.namespace, pod) for pod in pods}
    for by_pod in recording.samples.values():
        for pod in names & by_pod.keys():
            for sample in by_pod[pod].get(Family.REQUESTS, ()):
                model, version = sample.labels
                number = int(version) if version.isdecimal() and len(version) < 10 else 0
                versions[model] = max(versions.get(model, 0), number)
    own = recording.unit.name if recording.unit.name in versions else min(versions, default="")
    steps = tuple(sorted(versions.keys() - {own})) if recording.is_pipeline else ()
    measured = tuple(MeasuredPod(pod, _LONG_AGO, timedelta()) for pod in sorted(pods))
    return MeasuredTrack(revision, own, versions.get(own, 1), steps, measured)


def _windows(
    recording: Recording, track: MeasuredTrack, lives: Mapping[str, tuple[int, int]]
) -> Iterator[Window]:
    memory: Mapping[str, PodMemory] = {}
    for place, time in enumerate(recording.times):
        at = datetime.fromtimestamp(time, UTC)
        samples = recording.samples.get(time, {})
        sweep = Sweep(at, {}, samples, age_limit=float(recording.step))
        # A canary's first requests do not count. Each request of the past does.
        collector = Collector(recording.unit.namespace, sweep, COUNTERS, timedelta())
        views = collector.views(track, memory)
        after = {name: view.memory for name, view in views.items() if view.memory is not None}
        expected = {pod for pod, (first, last) in lives.items() if first < time <= last}
        if place > 0:
            yield _window(memory, after, expected)
        memory = without_pending(after)


def _window(
    before: Mapping[str, PodMemory], after: Mapping[str, PodMemory], expected: set[str]
) -> Window:
    totals, restarts = Totals(), 0
    for pod in expected:
        now, then = after.get(pod), before.get(pod)
        if now is None or now.pending is None or now.last.gaps.keys() & _NEEDED:
            return Window(True)
        totals = totals.plus(now.pending)
        old = then.last.rows if then else {}
        restarts += any(old.get(row, 0.0) > value for row, value in now.last.rows.items())
    return Window(True, totals, restarts) if expected else Window(False)


def _behaviour(totals: Totals, track: MeasuredTrack) -> Behaviour | None:
    """Return how requests were answered; None if there were none, or nothing is known of their
    times."""
    mean = totals.request_us / totals.timed / 1000 if totals.timed >= 1 else None
    latency = fitted(totals.buckets, mean or None)
    if totals.requests < 1 or latency is None:
        return None
    asked, us = totals.queues.get(track.model, (0.0, 0.0))
    return Behaviour(
        error_share=min(totals.failures / totals.requests, 1.0),
        latency=latency,
        # A pipeline's own time in the queue is always about 0: its models wait.
        queue_ms=us / asked / 1000 if asked >= 1 and not track.step_models else None,
    )
