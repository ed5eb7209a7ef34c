"""Service times of a simulated model: what a batch costs, and how many requests a pod answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """A model in Triton, as its dynamic batcher serves it. All times are seconds.

    >>> service = Service(base=0.010, item=0.005, max_batch=8)
    >>> round(service.batch_time(8), 3), round(service.capacity), round(service.full_batch_time, 3)
    (0.05, 160, 0.05)
    """

    base: float
    """Time of a batch without its items."""

    item: float
    """Time that one more request in a batch takes."""

    max_batch: int = 8
    delay: float = 0.0
    """Longest time that a request waits for others to join its batch (`maxQueueDelay`)."""

    instances: int = 1
    """Batches that a pod works on at the same time. Each is as fast as one alone."""

    queue_limit: int = 1_000
    """Requests that may wait in a pod. Any more fail at once."""

    spread: float = 0.0
    """Share of a batch's time that is exponentially distributed; the rest is fixed."""

    def batch_time(self, requests: int) -> float:
        """Return the mean time of a batch with so many requests."""
        return self.base + self.item * requests

    @property
    def full_batch_time(self) -> float:
        return self.batch_time(self.max_batch)

    @property
    def capacity(self) -> float:
        """Return the requests a second that one pod can answer, all its batches being full."""
        return self.instances * self.max_batch / self.full_batch_time
