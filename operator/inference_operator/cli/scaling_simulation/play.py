"""Play of a trace: a law decides about the pods of a simulated service, and requests are judged."""

import itertools
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.cli.scaling_simulation.pods import Pods
from inference_operator.cli.scaling_simulation.readings import View, view_of
from inference_operator.cli.scaling_simulation.traces import Trace

SETTLED = 600.0
"""Seconds for which the first pods are ready when a trace begins."""

_MINUTE = 60.0
_BAD_SHARE = 0.05
"""Share of slow or failed requests above which a minute is a bad one."""


class Law(Protocol):
    """A way to decide about a number of pods."""

    name: str
    interval: float
    """Seconds between two decisions."""

    def decide(self, view: View) -> int:
        """Return the number of pods from now on."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a law made of a trace."""

    bad_minutes: int
    """Minutes in which more than 5 % of the requests were slower than the SLO, or failed."""

    pod_hours: float
    """Time of all pods, from their creation on, in hours."""

    reversals: int
    """How often a growing number of pods began to fall, or a falling one to grow."""

    sizes: tuple[int, ...]
    """Number of pods at the end of each second."""

    ready: tuple[int, ...]
    """Pods that take requests, at the end of each second."""

    shares: tuple[float, ...]
    """By minute: share of the requests that were slow or failed."""

    p95: tuple[float | None, ...]
    """By minute: the latency in seconds that 95 % of the requests did not exceed. Infinite if more
    than 5 % failed, and None without requests."""


class _Judged:
    """Requests of each minute, and how many of them were bad."""

    def __init__(self, minutes: int, slo: float) -> None:
        self._slo = slo
        self._latencies = [array("d") for _ in range(minutes)]
        self._bad = [0] * minutes

    def __call__(self, arrival: float, latency: float) -> None:
        minute = int(arrival / _MINUTE)
        self._latencies[minute].append(latency)
        if latency > self._slo:
            self._bad[minute] += 1

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of bad requests in each minute."""
        pairs = zip(self._bad, self._latencies, strict=True)
        return tuple(bad / len(all_) if all_ else 0.0 for bad, all_ in pairs)

    @property
    def p95(self) -> tuple[float | None, ...]:
        return tuple(_p95(each) for each in self._latencies)


def _p95(latencies: Sequence[float]) -> float | None:
    if not latencies:
        return None
    return sorted(latencies)[math.ceil(0.95 * len(latencies)) - 1]


def play(
    trace: Trace,
    arrivals: Sequence[Sequence[float]],
    law: Law,
    metrics: Sequence[ScalingMetric],
    first_pods: int,
) -> Score:
    """Return what a law makes of a trace. `arrivals` are those of each second, so that all laws get
    the same ones; `first_pods` have been ready for 10 minutes when it begins."""
    pods = Pods(trace.service, f"pods/{trace.kind}/{trace.seed}", trace.bounds)
    pods.resize(first_pods, -SETTLED, 0.0)
    judged = _Judged(math.ceil(trace.duration / _MINUTE), trace.slo)
    sizes, ready = [], []
    for second, times in enumerate(arrivals):
        now = float(second)
        if trace.sick is not None and now == int(trace.sick[0]):
            pods.pods[0].server.slowness = trace.sick[1]
        if second and second % law.interval == 0:
            view = view_of(now, pods.pods, metrics, trace.outage_at(now))
            pods.resize(law.decide(view), now, trace.load_time)
        pods.run(now, times, judged)
        sizes.append(len(pods.pods))
        ready.append(len(pods.ready(now)))
    pods.drain(trace.duration, judged)
    shares = judged.shares
    return Score(
        sum(share > _BAD_SHARE for share in shares),
        sum(sizes) / 3600,
        reversals_of(sizes),
        tuple(sizes),
        tuple(ready),
        shares,
        judged.p95,
    )


def reversals_of(sizes: Sequence[int]) -> int:
    """Return how often the direction of a size changes.

    >>> reversals_of([1, 3, 3, 5, 2, 2, 4])
    2
    """
    changes = [after - before for before, after in itertools.pairwise(sizes)]
    directions = [change > 0 for change in changes if change]
    return sum(left != right for left, right in itertools.pairwise(directions))
