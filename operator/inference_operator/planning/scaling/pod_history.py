"""History of one pod: what it did between its scrapes, over the longest window asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from inference_operator.planning.measuring.pods import PodMemory, PodView
from inference_operator.planning.measuring.totals import Totals

MOST_PARTS = 8
"""Parts of the longest window. Closer scrapes share one."""

# Scrapes are no clockwork.
_ENOUGH = 0.9
_NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Part:
    """What a pod did between two of its scrapes, which may not be neighbours."""

    start: float
    end: float
    """Seconds of Unix time, by the clock of Prometheus."""

    totals: Totals

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class PodHistory:
    """One pod: its newest counters, and the parts of the longest window, the oldest first."""

    memory: PodMemory
    parts: tuple[Part, ...] = ()
    progressed: float = 0.0
    """When there was a new scrape last, in seconds of a clock that nothing adjusts."""


Histories = Mapping[str, PodHistory]


def recorded(before: PodHistory | None, view: PodView, now: float, longest: float) -> PodHistory:
    """Return the history after a sweep; the view must have a memory.

    Raises:
        ValueError: if it has none.
    """
    memory = view.memory
    if memory is None:
        raise ValueError("found a pod without counters, expected one that was scraped")
    if before is None:
        return PodHistory(replace(memory, pending=None), (), now)
    start, end = before.memory.last.time, memory.last.time
    if end <= start:
        return before
    kept = replace(before, memory=replace(memory, pending=None), progressed=now)
    if memory.pending is None:
        return kept
    part = Part(start, end, lean(memory.pending))
    return replace(kept, parts=_with(before.parts, part, longest))


def lean(totals: Totals) -> Totals:
    """Return the totals of one pod without its rate, which requests and seconds tell. All parts
    share one empty mapping: a thousand units have tens of thousands of parts.

    >>> small = lean(Totals(successes=3.0, rates={"pod-0": 0.2}))
    >>> small.successes, len(small.rates), small.buckets is small.rates
    (3.0, 0, True)
    """
    return replace(
        totals,
        queues=totals.queues or _NOTHING,
        buckets=totals.buckets or _NOTHING,
        rates=_NOTHING,
        batches=totals.batches or _NOTHING,
    )


def _with(parts: tuple[Part, ...], new: Part, longest: float) -> tuple[Part, ...]:
    last = parts[-1] if parts else None
    is_short = last is not None and new.end - last.start <= longest / MOST_PARTS
    if last is not None and is_short and new.start == last.end:
        new = Part(last.start, new.end, last.totals.plus(new.totals))
        parts = parts[:-1]
    # One part more than the window has, since the oldest may lie within it only in part.
    recent = [each for each in parts if each.end > new.end - longest - longest / MOST_PARTS]
    return (*recent, new)[-2 * MOST_PARTS :]


def over(history: PodHistory, window: float) -> tuple[Totals, float] | None:
    """Return what a pod did in the last parts that span the window, and their seconds; None if it
    has not been scraped for so long.

    >>> from inference_operator.planning.measuring.counters import Reading
    >>> parts = tuple(Part(15.0 * i, 15.0 * (i + 1), Totals(successes=3.0)) for i in range(4))
    >>> history = PodHistory(PodMemory(Reading(60.0, {}, {})), parts)
    >>> totals, seconds = over(history, 30.0)
    >>> totals.successes, seconds, over(history, 120.0)
    (6.0, 30.0, None)
    """
    totals, seconds = None, 0.0
    for part in reversed(history.parts):
        totals = part.totals.plus(totals) if totals else part.totals
        seconds += part.seconds
        if seconds >= _ENOUGH * window:
            return totals, seconds
    return None
