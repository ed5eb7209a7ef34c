"""Memory of the decisions about a number of pods. All times are seconds of a clock that no
adjustment of the wall clock moves. It ends with the process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

MOST_REMEMBERED = 256
"""Recommendations in a window, and events in a period. Closer neighbours become one."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Numbers of pods that metrics asked for at a time."""

    at: float
    lowest: int
    highest: int

    def with_next(self, other: "Recommendation") -> "Recommendation":
        """Return both as one: neither direction is allowed earlier by it.

        >>> Recommendation(1.0, 3, 3).with_next(Recommendation(2.0, 5, 5))
        Recommendation(at=2.0, lowest=3, highest=5)
        """
        return Recommendation(
            other.at, min(self.lowest, other.lowest), max(self.highest, other.highest)
        )


@dataclass(frozen=True, slots=True)
class ScaleEvent:
    """Pods that were added and removed at a time."""

    at: float
    added: int = 0
    removed: int = 0

    def with_next(self, other: "ScaleEvent") -> "ScaleEvent":
        """Return both as one, at the later time."""
        return ScaleEvent(other.at, self.added + other.added, self.removed + other.removed)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Pods that were added because of one metric, and what they changed."""

    value: float
    """The metric's value at that time."""

    rate: float | None
    """Requests a second at that time."""

    before: int
    size: int
    """Numbers of pods before it, and from then on."""

    failures: int = 0
    """Attempts in a row, before this one, that changed too little."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Room that nodes seemed to have while one of the unit's pods found none."""

    at: float
    """When that was so last."""

    free: int
    """Pods that seemed to have room."""


@dataclass(frozen=True, slots=True)
class LastValue:
    """The newest value of a metric, as a text, and its time."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class ScalingMemory:
    """What is remembered of a unit from one decision to the next."""

    size: int
    """The number that was decided last."""

    began: float
    """Time since which there is this memory."""

    whole_since: float | None
    """Time since which no data was missing, or since the memory began; None while some is."""

    decided_at: float
    """Time of the last decision."""

    recommendations: tuple[Recommendation, ...] = ()
    events: tuple[ScaleEvent, ...] = ()
    last_up: float | None = None
    """Time of the last scale-up."""

    missing_since: float | None = None
    """Time since which some metric has no value; None while all have one."""

    minimum: int = 0
    """Least number of pods by the bounds, when all data were there last, and since then."""

    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    """By a metric's label: the last scale-up because of it."""

    values: Mapping[str, LastValue] = field(default_factory=dict)
    """By a metric's label: its newest value."""

    carried: int = 0
    """The most pods that had a node at the same time, as far as the size was not less since. At
    first it is the size that there is: nobody remembers which of its pods had one."""

    refused: Refusal | None = None
    """The last time that a pod waited for a node; None without one of late."""

    @classmethod
    def beginning(cls, size: int, now: float) -> "ScalingMemory":
        """Return the memory of a process that has just started: it recommends the size that there
        is, so a restart may delay a scale-down, and never causes one."""
        return cls(size, now, now, now, (Recommendation(now, size, size),), carried=size)

    def recommending(self, size: int, now: float, window: float) -> "ScalingMemory":
        """Return the memory with one more recommendation, without those older than the window."""
        new = Recommendation(now, size, size)
        recent = [each for each in self.recommendations if each.at > now - window]
        if _is_close(recent, now, window):
            new = recent.pop().with_next(new)
        recent.append(new)
        return replace(self, recommendations=tuple(recent))

    def resized(self, size: int, now: float, period: float) -> "ScalingMemory":
        """Return the memory with another size, without events older than the period."""
        change = size - self.size
        if not change:
            return self
        new = ScaleEvent(now, max(change, 0), max(-change, 0))
        recent = [each for each in self.events if each.at > now - period]
        if _is_close(recent, now, period):
            new = recent.pop().with_next(new)
        recent.append(new)
        last_up, carried = now if change > 0 else self.last_up, min(self.carried, size)
        return replace(self, size=size, events=tuple(recent), last_up=last_up, carried=carried)


def _is_close(recent: Sequence[Recommendation | ScaleEvent], now: float, window: float) -> bool:
    """Return whether the newest part is of so short a time that the next one joins it.

    Parts are so long that the window has no more than `MOST_REMEMBERED` of them.
    """
    return len(recent) > 1 and now - recent[-2].at <= window / MOST_REMEMBERED
