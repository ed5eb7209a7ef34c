"""A bench whose clients come through a gateway, with a histogram of each Service in seconds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from inference_operator.domain.analysis import AnalysisQuestion
from inference_operator.domain.measurement import Family, Sample, ServiceName, Sweep

from .judging_harness import CANARY, UNIT, Bench, settings

SERVICES = {each: ServiceName(UNIT.namespace, f"fx-drift-{each}") for each in ("stable", "canary")}
SECONDS = (0.005, 0.01, 0.02, 0.05)
QUICK: Mapping[float, int] = {4.0: 300, 9.0: 130, 15.0: 20}
SLOW: Mapping[float, int] = {4.0: 50, 15.0: 100, 40.0: 300}


@dataclass
class GatewayBench(Bench):
    """A unit with a gateway of one or several instances."""

    counts: dict[tuple[str, str], dict[float, float]] = field(default_factory=dict)
    """By Service and instance: requests by boundary in seconds."""

    scraped: dict[tuple[str, str], float] = field(default_factory=dict)
    """By Service and instance: the time of the last scrape."""

    @property
    def question(self) -> AnalysisQuestion:
        asked = super().question
        canary = replace(asked.canary, service=SERVICES["canary"]) if asked.canary else None
        return replace(
            asked, stable=replace(asked.stable, service=SERVICES["stable"]), canary=canary
        )

    def lead(self, track: str, latencies: Mapping[float, int], instance: str = "a:1") -> None:
        """Lead requests to a track, by their latency in ms."""
        kept = self.counts.setdefault((track, instance), dict.fromkeys((*SECONDS, math.inf), 0.0))
        for bound in kept:
            kept[bound] += sum(n for ms, n in latencies.items() if ms <= bound * 1000)

    def scrape(self) -> None:
        super().scrape()
        self.scraped = dict.fromkeys(self.counts, self.now.timestamp())

    def sweep(self, **changes: Any) -> Sweep:
        by_service: dict[ServiceName, dict[Family, tuple[Sample, ...]]] = {}
        for (track, instance), time in self.scraped.items():
            of = by_service.setdefault(SERVICES[track], {})
            label = f"httproute-{track}"
            fresh = Sample(None, None, (label, instance), time)
            rows = tuple(
                Sample(None, None, (label, _text(bound), instance), value)
                for bound, value in self.counts[track, instance].items()
            )
            of[Family.GATEWAY_FRESHNESS] = (*of.get(Family.GATEWAY_FRESHNESS, ()), fresh)
            of[Family.GATEWAY_BUCKETS] = (*of.get(Family.GATEWAY_BUCKETS, ()), *rows)
        return super().sweep(**{"by_service": by_service, **changes})


def _text(bound: float) -> str:
    return "+Inf" if bound == math.inf else f"{bound:g}"


def begun(*metrics: Mapping[str, Any], kind: type[GatewayBench] = GatewayBench) -> GatewayBench:
    """Return a unit whose stable revision was measured, and whose canary begins."""
    bench = kind(settings(*metrics))
    bench.lead("stable", {})
    bench.has_canary = False
    bench.pass_time()
    for _ in range(5):
        bench.lead("stable", QUICK)
        bench.serve((0, 0))
        bench.pass_time()
    bench.has_canary = True
    bench.lead("canary", {})
    bench.pass_time()
    bench.pass_time()
    assert bench.memory is not None
    assert bench.memory.canary is not None
    assert bench.memory.canary.revision == CANARY
    return bench
