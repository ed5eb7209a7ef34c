"""Requests of a simulated pod: how many there are, how many fail, and how long they take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

# Quantile of the normal distribution at 0.95.
_NORMAL_P95 = 1.6448536269514722
# From this mean on, a Poisson number is drawn by its normal approximation.
_LARGE_MEAN = 50.0


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution of latencies whose logarithms are normal.

    >>> latency = Latency(p50=8.0, p95=15.0)
    >>> round(latency.share_up_to(8.0), 3), round(latency.share_up_to(15.0), 3)
    (0.5, 0.95)
    >>> round(latency.mean, 2), Latency(5.0, 5.0).share_up_to(4.0)
    (8.61, 0.0)
    """

    p50: float
    """In ms, as is p95."""

    p95: float

    @property
    def spread(self) -> float:
        """Return the standard deviation of the logarithms."""
        return math.log(self.p95 / self.p50) / _NORMAL_P95

    @property
    def mean(self) -> float:
        """Return the mean in ms."""
        return self.p50 * math.exp(self.spread**2 / 2)

    @property
    def deviation(self) -> float:
        """Return the standard deviation in ms."""
        return self.mean * math.sqrt(math.expm1(self.spread**2))

    def share_up_to(self, bound: float) -> float:
        """Return the share of requests that take at most so many ms."""
        if self.spread == 0:
            return 1.0 if bound >= self.p50 else 0.0
        return 0.5 * math.erfc(-math.log(bound / self.p50) / (self.spread * math.sqrt(2)))


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a revision answers requests."""

    error_share: float
    latency: Latency
    queue_ms: float | None = None
    """Mean time in the queue; None if the trace does not tell."""


@dataclass(slots=True)
class Counters:
    """The counters of one pod, as Triton reports them."""

    succeeded: int = 0
    failed: int = 0
    request_us: float = 0.0
    """Sum over the requests that succeeded; so is that of the queue."""

    queue_us: float = 0.0
    buckets: list[int] = field(default_factory=list)
    """Requests in each bucket, the last one being that without a bound. Empty without histogram."""

    def copy(self) -> "Counters":
        """Return a copy, as a scrape keeps it."""
        return Counters(
            self.succeeded, self.failed, self.request_us, self.queue_us, list(self.buckets)
        )

    def add(self, other: "Counters") -> None:
        """Add the requests of other counters."""
        self.succeeded += other.succeeded
        self.failed += other.failed
        self.request_us += other.request_us
        self.queue_us += other.queue_us
        length = max(len(self.buckets), len(other.buckets))
        both = [
            (*counts, *[0] * (length - len(counts))) for counts in (self.buckets, other.buckets)
        ]
        self.buckets = [sum(pair) for pair in zip(*both, strict=True)]

    def serve(
        self, mean: float, behaviour: Behaviour, bounds: Sequence[int], chance: Random
    ) -> None:
        """Count requests, of which there are `mean` on average. They are independent.

        `bounds` are those of the histogram in ms. Triton counts whole ms: a bound of 20 has all
        requests of less than 21 ms, also those that fail.
        """
        shares = [behaviour.latency.share_up_to(bound + 1.0) for bound in bounds]
        before = 0.0
        for place, share in enumerate((*shares, 1.0)):
            expected = mean * (share - before)
            failed = poisson(expected * behaviour.error_share, chance)
            succeeded = poisson(expected * (1 - behaviour.error_share), chance)
            self.failed += failed
            self.succeeded += succeeded
            self._add_times(succeeded, behaviour, chance)
            if bounds:
                self.buckets = self.buckets or [0] * (len(bounds) + 1)
                self.buckets[place] += failed + succeeded
            before = share

    def _add_times(self, succeeded: int, behaviour: Behaviour, chance: Random) -> None:
        latency = behaviour.latency
        noise = chance.gauss(0.0, latency.deviation * math.sqrt(succeeded))
        self.request_us += 1000 * max(latency.mean * succeeded + noise, 0.0)
        self.queue_us += 1000 * (behaviour.queue_ms or 0.0) * succeeded


def poisson(mean: float, chance: Random) -> int:
    """Return a number of independent requests of which there are `mean` on average.

    >>> poisson(0.0, Random(1)), poisson(3.0, Random(1)), poisson(1e6, Random(1))
    (0, 3, 1001288)
    """
    if mean >= _LARGE_MEAN:
        return max(round(chance.gauss(mean, math.sqrt(mean))), 0)
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count
