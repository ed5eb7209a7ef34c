"""A burst: many custom resources at once, by an operator or by the bare client, seen alike."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from benchmarks.controller.load import Sent
from benchmarks.controller.observer import Observer
from benchmarks.controller.subject import Subject

POINTS = 100


@dataclass(frozen=True, slots=True)
class Burst:
    """The waits of a burst of `n` custom resources."""

    subject: Subject
    observer: Observer
    n: int
    pods: bool
    writes_status: bool
    """Whether there is an operator, which declares custom resources Ready."""

    async def watch(self, sending: Awaitable[Sent]) -> tuple[Sent, float, dict[str, Any]]:
        """Wait until all is there; return what was sent, the end (seconds of the epoch), and the
        figures."""
        n, observer = self.n, self.observer
        sent_later = asyncio.ensure_future(sending)
        complete = await observer.until(
            lambda seen: len(seen.complete) >= n, patience(n, 0.4), "all children present"
        )
        ends = {"childrenSeconds": complete}
        if self.pods and self.subject.workloads:
            ends["workloadsReadySeconds"] = await observer.until(
                lambda seen: len(seen.served) >= n, patience(n, 0.8), "all workloads ready"
            )
        if self.pods and self.writes_status:
            ends["readySeconds"] = await observer.until(
                lambda seen: len(seen.ready) >= n, patience(n, 0.8), "all ready"
            )
        sent = await sent_later
        figures: dict[str, Any] = {key: end - sent.began for key, end in ends.items()}
        figures |= {
            "refusedWrites": sent.failed,
            "sentSeconds": sent.ended - sent.began,
            "curve": self._curve(sent.began),
        }
        return sent, max(ends.values()), figures

    def _curve(self, began: float) -> list[list[float]]:
        """Return seconds, share with all children, share ready: some points of it."""
        ready = 3 if self.writes_status else 2
        points = [
            [round(point[0] - began, 3), point[1] / self.n, point[ready] / self.n]
            for point in self.observer.points
            if point[0] >= began
        ]
        step = max(1, len(points) // POINTS)
        return [*points[::step], points[-1]]


def patience(n: int, each: float) -> float:
    """Return seconds to wait for something of all objects before it counts as never."""
    return 60 + n * each
