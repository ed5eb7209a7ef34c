"""Pods of a simulated Deployment: they start, load, take requests, are scraped, and end."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from inference_operator.cli.scaling_simulation.server import Answered, Server, ServerCounters
from inference_operator.cli.scaling_simulation.service import Service
from inference_operator.cli.simulation.pace import SCRAPE_INTERVAL

# The longest window of a metric is 10 minutes, and one scrape more is a little older.
_KEPT = 600 // SCRAPE_INTERVAL + 4


@dataclass(frozen=True, slots=True)
class Scrape:
    """What a pod answered to Prometheus at one time."""

    at: float
    counters: ServerCounters
    pending: int
    utilization: float
    """Share of the time since the scrape before in which a batch was computed, 1 at most."""


@dataclass(slots=True)
class Pod:
    """One pod; it is ready from `ready_at` on. Times are seconds."""

    name: str
    ready_at: float
    server: Server
    offset: float
    """Part of the scrape interval at which it is scraped."""

    scrapes: deque[Scrape] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def scrape(self, now: float) -> None:
        """Keep what Prometheus reads now."""
        last, counters = self.scrapes[-1] if self.scrapes else None, self.server.counters
        busy = counters.busy - (last.counters.busy if last else 0.0)
        since = last.at if last else max(self.ready_at, now - SCRAPE_INTERVAL)
        elapsed = (now - since) * self.server.service.instances
        share = min(busy / elapsed, 1.0) if elapsed > 0 else 0.0
        self.scrapes.append(Scrape(now, counters.copy(), self.server.pending(now), share))


class Pods:
    """The pods of one service. A request goes to any ready pod, each with the same chance."""

    def __init__(self, service: Service, seed: str, bounds: Sequence[int] = ()) -> None:
        """Create none. `bounds` are those of Triton's histogram in ms."""
        self._service = service
        self._bounds = tuple(bounds)
        self._chance = Random(seed)
        self._number = 0
        self._ending: list[Pod] = []
        self.pods: list[Pod] = []
        """Those that there are, the oldest first, ready or not."""

    def ready(self, now: float) -> list[Pod]:
        """Return the pods that take requests."""
        return [pod for pod in self.pods if pod.ready_at <= now]

    def resize(self, size: int, now: float, load_time: float) -> None:
        """Create pods, or end the newest ones, which do not get requests any more and answer those
        that they have."""
        while len(self.pods) < size:
            self._number += 1
            ready_at, offset = now + load_time, self._chance.random() * SCRAPE_INTERVAL
            server = Server(self._service, ready_at, self._chance, self._bounds)
            self.pods.append(Pod(f"pod-{self._number}", ready_at, server, offset))
        self._ending += self.pods[size:]
        del self.pods[size:]

    def run(self, now: float, arrivals: Sequence[float], answered: Answered) -> None:
        """Play the second that begins now, with its arrivals. Without a ready pod all fail."""
        ready = self.ready(now)
        draw, count = self._chance.random, len(ready)
        for arrival in arrivals:
            if count:
                ready[int(draw() * count)].server.receive(arrival, answered)
            else:
                answered(arrival, float("inf"))
        for pod in (*ready, *self._ending):
            pod.server.serve(now + 1.0, answered)
        self._ending = [pod for pod in self._ending if not pod.server.is_idle]
        for pod in ready:
            if (now - pod.offset) % SCRAPE_INTERVAL < 1.0:
                pod.scrape(now + 1.0)

    def drain(self, now: float, answered: Answered) -> None:
        """Answer all requests that still wait."""
        for pod in (*self.pods, *self._ending):
            pod.server.serve(now + 86_400.0, answered)
