"""Suggestions for misspelt names, in a time that no input can stretch."""

import heapq
from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import islice

# The time of a comparison grows with the square of both lengths, or faster.
_LONGEST = 48
_COMPARED = 200
_FULLY_COMPARED = 3


def closest(name: str, candidates: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the candidate that is most like the name; None if none is like enough. Only some
    candidates are compared if they are many or long."""
    if len(name) > _LONGEST:
        return None
    matcher = SequenceMatcher(b=name)
    bounds: list[tuple[float, str]] = []
    for candidate in islice((text for text in candidates if len(text) <= _LONGEST), _COMPARED):
        matcher.set_seq1(candidate)
        if matcher.real_quick_ratio() >= cutoff and (bound := matcher.quick_ratio()) >= cutoff:
            bounds.append((bound, candidate))
    alike: list[tuple[float, str]] = []
    for _, candidate in heapq.nlargest(_FULLY_COMPARED, bounds):
        matcher.set_seq1(candidate)
        if (ratio := matcher.ratio()) >= cutoff:
            alike.append((ratio, candidate))
    return max(alike)[1] if alike else None
