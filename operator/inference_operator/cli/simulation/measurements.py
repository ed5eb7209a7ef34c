"""Measurements of a simulated cluster: counters of its pods, scrapes, and Prometheus' answers."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from inference_operator.adapters.prometheus.needs import Needs
from inference_operator.cli.simulation.requests import Behaviour, Counters
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    NoValue,
    Outage,
    PodName,
    QueryValue,
    Sample,
    Sweep,
)

_REFUSED = NoAnswer(Outage.UNREACHABLE, "connection refused")
# A sweep asks for a time a little before the last scrape.
_KEPT = 8


@dataclass(frozen=True, slots=True)
class ServedPod:
    """A ready pod, and the model in Triton whose requests it counts."""

    name: PodName
    revision: str
    model: str
    version: int
    is_pipeline: bool = False
    is_baseline: bool = False


@dataclass(frozen=True, slots=True)
class Scrape:
    """What a pod answered at one time."""

    at: datetime
    counters: Counters | None
    """None if it did not answer."""


@dataclass(slots=True)
class _Series:
    """The counters of a pod, and how its last scrape saw them."""

    pod: ServedPod
    offset: float
    """Part of the scrape interval at which the pod is scraped."""

    counters: Counters = field(default_factory=Counters)
    waiting: dict[Behaviour, float] = field(default_factory=lambda: defaultdict(float))
    """Requests since the last scrape, on average; they are drawn with the next one."""

    scrapes: deque[Scrape] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """The last scrapes."""

    def scrape_at(self, time: datetime) -> Scrape | None:
        """Return the last scrape until then; None if there was none, or if it failed."""
        last = next((scrape for scrape in reversed(self.scrapes) if scrape.at <= time), None)
        return last if last is not None and last.counters is not None else None


class Measurements:
    """Prometheus beside a simulated cluster."""

    def __init__(self, bounds: Sequence[int], interval: float, chance: Random) -> None:
        """Create it. `bounds` are those of Triton's histogram in ms; none: it has no histogram.
        Each pod is scraped every `interval` seconds, at an offset of its own."""
        self._bounds = tuple(bounds)
        self._interval = interval
        self._chance = chance
        self._series: dict[PodName, _Series] = {}
        self.answers = True
        """Whether Prometheus answers at all."""

        self._answered: dict[str, Counters] = defaultdict(Counters)

    def keep(self, pods: Iterable[ServedPod]) -> None:
        """Begin and end the series of pods. The counters of a pod end with it."""
        there = {pod.name: pod for pod in pods}
        for name in sorted(self._series.keys() - there.keys(), key=lambda each: each.name):
            self._draw(self._series.pop(name))
        for name in sorted(there.keys() - self._series.keys(), key=lambda each: each.name):
            offset = self._chance.random() * self._interval
            self._series[name] = _Series(there[name], offset)

    def add(
        self,
        revision: str,
        requests: float,
        behaviour: Behaviour,
        of_baseline: Behaviour | None = None,
    ) -> None:
        """Divide requests among the pods of a revision; without pods nobody counts them. Those of a
        baseline may answer otherwise."""
        series = [each for each in self._series.values() if each.pod.revision == revision]
        for each in series:
            own = of_baseline if of_baseline and each.pod.is_baseline else behaviour
            each.waiting[own] += requests / len(series)

    def scrape(self, now: datetime, elapsed: float, missing: frozenset[str]) -> None:
        """Scrape the pods whose turn it is within the last second; those of `missing` revisions
        do not answer."""
        for each in self._series.values():
            if (elapsed - each.offset) % self._interval >= 1.0:
                continue
            self._draw(each)
            is_missing = each.pod.revision in missing
            each.scrapes.append(Scrape(now, None if is_missing else each.counters.copy()))

    def counted(self) -> dict[str, Counters]:
        """Return the requests of each revision so far, and begin to count them again."""
        for each in self._series.values():
            self._draw(each)
        answered, self._answered = dict(self._answered), defaultdict(Counters)
        return answered

    async def read(self, needs: Needs, at: datetime) -> Sweep:
        """Return Prometheus' answers about a time, to an operator that needs these."""
        if not self.answers:
            texts = (*needs.queries, *needs.unasked)
            refused = dict.fromkeys(needs.families, _REFUSED)
            return Sweep(at, refused, {}, dict.fromkeys(texts, _REFUSED))
        by_pod = {
            each.pod.name: _samples(each.pod, scrape, self._bounds)
            for each in self._series.values()
            if (scrape := each.scrape_at(at)) is not None
        }
        families = {
            family: FamilySamples(
                tuple(s for samples in by_pod.values() for s in samples.get(family, ())), 0, 0, ()
            )
            for family in needs.families
        }
        # A trace has no series for queries of users.
        queries = dict.fromkeys(needs.queries, QueryValue(NoValue.NO_SERIES))
        return Sweep(at, families, by_pod, {**needs.unasked, **queries})

    def _draw(self, series: _Series) -> None:
        total = self._answered[series.pod.revision]
        for behaviour, mean in series.waiting.items():
            drawn = Counters()
            drawn.serve(mean, behaviour, self._bounds, self._chance)
            series.counters.add(drawn)
            total.add(drawn)
        series.waiting.clear()


def _samples(
    pod: ServedPod, scrape: Scrape, bounds: Sequence[int]
) -> Mapping[Family, tuple[Sample, ...]]:
    """Return the samples of a pod, with the labels that Triton gives them."""
    counters, at = scrape.counters or Counters(), scrape.at

    def sample(labels: tuple[str, ...], value: float) -> Sample:
        return Sample(pod.name, None, labels, float(value))

    # Triton reports requests of a pipeline as version 1, and each failure a second time.
    version = "1" if pod.is_pipeline else str(pod.version)
    own, names = (pod.model, version), (pod.model, str(pod.version))
    failures = {(*own, "BACKEND"): counters.failed, (*names, "BACKEND"): counters.failed}
    samples = {
        Family.REQUESTS: (sample(own, counters.succeeded),),
        Family.FAILURES: tuple(sample(labels, count) for labels, count in failures.items()),
        Family.REQUEST_TIME: (sample(own, counters.request_us),),
        Family.QUEUE_TIME: (sample(own, counters.queue_us),),
        Family.FRESHNESS: (sample((), at.timestamp()),),
    }
    if bounds:
        labels = [*map(str, bounds), "+Inf"]
        counts = counters.buckets or [0] * len(labels)
        sums = [sum(counts[: place + 1]) for place in range(len(labels))]
        buckets = zip(labels, sums, strict=True)
        samples[Family.BUCKETS] = tuple(sample((pod.model, le), count) for le, count in buckets)
    return samples
