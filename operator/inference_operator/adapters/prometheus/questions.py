"""Questions of one kind that sweeps answer, and how a sweep deals with them."""

import logging
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from inference_operator.adapters.prometheus.needs import Ask
from inference_operator.domain.analysis import MeasuredTrack
from inference_operator.domain.measurement import PodName, Sweep
from inference_operator.domain.names import UnitKey

log = logging.getLogger(__name__)

STEADY_SWEEPS = 3
"""Sweeps in a row that say the same of a unit before it is woken by what does not press. Where
Prometheus fails now and then, a thousand units would write their statuses after each sweep."""

Take = Callable[[], None]
"""Takes the answers of a sweep, on the event loop."""

_Answered = TypeVar("_Answered")


class Questions(Protocol):
    """The questions of one kind and their last answers."""

    def __len__(self) -> int:
        """Return the number of questions."""
        ...

    def asks(self) -> Iterable[Ask]:
        """Return what the questions of now need. The result is read in a thread."""
        ...

    def judging(self, sweep: Sweep) -> Callable[[], Take]:
        """Return a function that answers the questions of now, in a thread."""
        ...


def pods_of(namespace: str, tracks: Iterable[MeasuredTrack | None]) -> frozenset[PodName]:
    """Return the names of the tracks' pods."""
    return frozenset(
        PodName(namespace, pod.name) for track in tracks if track is not None for pod in track.pods
    )


def answered(unit: UnitKey, answer: Callable[[], _Answered]) -> _Answered | None:
    """Return the answer about one unit; None if it fails, which must not end those about the
    others."""
    try:
        return answer()
    except Exception:
        log.exception("a unit could not be judged", extra={"unit": str(unit)})
        return None
