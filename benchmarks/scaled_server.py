"""Server on loopback that answers as Prometheus does of the pods of autoscaled units."""

from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.prometheus_server import serve_rows
from inference_operator.adapters.prometheus.queries import text
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.api.analysis import Window
from inference_operator.domain.measurement import Family

PODS, BREACHED = 4, 100
"""Pods of each unit, and units whose queue grows at once."""

REQUESTS_OF_SWEEP = 150
STEADY_MS, BREACH_MS = 5.0, 20.0
FAMILIES = (
    Family.REQUESTS,
    Family.FAILURES,
    Family.QUEUE_TIME,
    Family.PENDING,
    Family.FRESHNESS,
    Family.PROBES,
)


class Counters:
    """What all pods have counted: each has answered as many requests as the others."""

    def __init__(self, breach_after: int) -> None:
        self._breach_after = breach_after
        self.sweep = 0
        self._queue_us = [0.0, 0.0]

    @property
    def is_breach(self) -> bool:
        return self.sweep > self._breach_after

    def scrape(self) -> None:
        """Let the time of one sweep pass."""
        self.sweep += 1
        for place, ms in enumerate((BREACH_MS if self.is_breach else STEADY_MS, STEADY_MS)):
            self._queue_us[place] += REQUESTS_OF_SWEEP * ms * 1000

    def value(self, family: Family, number: int) -> float:
        """Return a pod's value of a family; `number` is that of its unit."""
        if family is Family.QUEUE_TIME:
            return self._queue_us[0 if number < BREACHED else 1]
        return REQUESTS_OF_SWEEP * self.sweep if family is Family.REQUESTS else 0.0


def rows(
    family: Family, units: int, namespace: str, counters: Counters, at: float
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a family. After the breach they are of more pods than a unit has, since it
    may grow."""
    for number in range(units):
        for pod in range(PODS * 5 if counters.is_breach and number < BREACHED else PODS):
            labels = {"namespace": namespace, "pod": f"price-{number}-{pod}"}
            if family is Family.FRESHNESS:
                yield {"metric": labels, "value": [at, str(at - 1)]}
                continue
            labels |= {"model": f"price-{number}", "version": "1"}
            labels |= {"outcome": "ok"} if family is Family.PROBES else {}
            labels |= {"reason": "BACKEND"} if family is Family.FAILURES else {}
            labels |= {"window": "1m"} if family is Family.PENDING else {}
            yield {"metric": labels, "value": [at, str(counters.value(family, number))]}


def serve(units: int, namespace: str, breach_after: int, port: "Connection[Any, Any]") -> None:
    """Answer each family's text, until the process is ended."""
    names = {text(family, (Window.ONE_MINUTE,), Scope()): family for family in FAMILIES}
    seen: Counter[Family] = Counter()
    counters = Counters(breach_after)

    def answered(family: Family, at: float) -> Iterator[dict[str, Any]]:
        seen[family] += 1
        if seen[family] > counters.sweep:
            counters.scrape()
        return rows(family, units, namespace, counters, at)

    serve_rows(names, answered, port)
