"""Queue and batches of one simulated Triton, and the counters that it reports.

A batch is formed when it is full, or its first request has waited `delay`. It takes what waits
then, up to the largest batch. Like Triton, each instance has one batch that runs and one that was
formed ahead and waits for it: requests that come later do not join that one. The loop is over
batches, so a busy hour takes about a second.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from inference_operator.cli.scaling_simulation.service import Service

# Batches of each instance that are formed and have not ended.
_SLOTS = 2
_US = 1e6
_MS = 1e3

Answered = Callable[[float, float], None]
"""Told of each request: its arrival, and its latency in seconds; infinity if it failed."""


@dataclass(slots=True)
class ServerCounters:
    """The counters of a pod since its start, as Triton reports them."""

    succeeded: int = 0
    failed: int = 0
    executions: int = 0
    """Batches. Each request is one inference."""

    request_us: float = 0.0
    queue_us: float = 0.0
    busy: float = 0.0
    """Seconds for which batches were computed, of all instances together."""

    buckets: list[int] = field(default_factory=list)
    """Requests of each bucket of the histogram, the last one without a bound."""

    def copy(self) -> "ServerCounters":
        """Return a copy, as a scrape keeps it."""
        return replace(self, buckets=list(self.buckets))


class Server:
    """One pod: requests come in the order of their arrival, and leave in batches."""

    def __init__(
        self, service: Service, started: float, chance: Random, bounds: Sequence[int] = ()
    ) -> None:
        """Create it. `started` is when it is ready, in seconds; `bounds` are those of Triton's
        histogram in ms, none for a server without one."""
        self.service = service
        self.slowness = 1.0
        """How many times as long as it should a batch takes."""

        self.counters = ServerCounters(buckets=[0] * (len(bounds) + 1) if bounds else [])
        self.bounds = tuple(bounds)
        """Boundaries of its histogram, in ms."""

        self._chance = chance
        self._queue: deque[float] = deque()
        self._started = started
        self._free = [started] * service.instances
        self._ends = deque[float](maxlen=_SLOTS * service.instances)
        # The last batch that was formed: when it starts, and its requests.
        self._next = (started, 0)

    def pending(self, now: float) -> int:
        """Return how many requests wait."""
        start, requests = self._next
        return len(self._queue) + (requests if start > now else 0)

    @property
    def is_idle(self) -> bool:
        """Return whether no request waits."""
        return not self._queue

    def receive(self, arrival: float, answered: Answered) -> None:
        """Queue a request; it fails at once if too many wait."""
        if len(self._queue) < self.service.queue_limit:
            self._queue.append(arrival)
            return
        self.counters.failed += 1
        answered(arrival, float("inf"))

    def serve(self, until: float, answered: Answered) -> None:
        """Form all batches that are formed before `until`. All requests before then were
        received."""
        queue, free = self._queue, self._free
        while queue:
            formed = self._formed()
            if formed >= until:
                return
            place = 0 if len(free) == 1 else free.index(min(free))
            start = max(formed, free[place])
            free[place] = start + self._batch(formed, start, answered)
            self._ends.append(free[place])

    def _formed(self) -> float:
        """Return when the next batch is formed: with two for each instance, once one has ended."""
        queue, service = self._queue, self.service
        has_slot = len(self._ends) < _SLOTS * service.instances
        slot = self._started if has_slot else min(self._ends)
        formed = max(slot, queue[0])
        if service.delay and len(queue) < service.max_batch:
            return max(formed, queue[0] + service.delay)
        if service.delay:
            full = max(queue[service.max_batch - 1], queue[0])
            return max(formed, min(full, queue[0] + service.delay))
        return formed

    def _batch(self, formed: float, start: float, answered: Answered) -> float:
        """Take a batch from the queue when it is formed, count it, and return its time."""
        queue, service = self._queue, self.service
        arrivals = [queue.popleft()]
        while queue and len(arrivals) < service.max_batch and queue[0] <= formed:
            arrivals.append(queue.popleft())
        self._next = (start, len(arrivals))
        time = service.batch_time(len(arrivals)) * self.slowness
        if service.spread:
            time *= 1.0 - service.spread + service.spread * self._chance.expovariate(1.0)
        counters, end = self.counters, start + time
        waited = start * len(arrivals) - sum(arrivals)
        counters.succeeded += len(arrivals)
        counters.executions += 1
        counters.busy += time
        counters.queue_us += max(waited, 0.0) * _US
        counters.request_us += (max(waited, 0.0) + time * len(arrivals)) * _US
        for arrival in arrivals:
            answered(arrival, end - arrival)
        if self.bounds:
            for arrival in arrivals:
                # Triton counts whole ms.
                whole = int((end - arrival) * _MS)
                counters.buckets[bisect_left(self.bounds, whole)] += 1
        return time
