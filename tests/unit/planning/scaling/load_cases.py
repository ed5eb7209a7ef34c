"""Loads, settings and memories of the tests of scaling."""

from collections.abc import Iterable, Mapping
from typing import Any

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.domain.scaling import (
    Load,
    MetricLoad,
    ScalingDecision,
    ScalingInput,
    Surroundings,
)
from inference_operator.domain.scaling_memory import ScalingMemory
from inference_operator.domain.schedules import Bounds
from inference_operator.planning.scaling.chain import decide

QUEUE = {"type": "QueueTime", "target": "5ms"}
PENDING = {"type": "PendingRequests", "target": "4"}
AT_ONCE = {
    "scaleDown": {
        "stabilizationWindowSeconds": 0,
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 1}],
    },
    "scaleUp": {"policies": [{"type": "Pods", "value": 1000, "periodSeconds": 1}]},
}
LONG_BEFORE = -10_000.0


def settings(*metrics: Mapping[str, str], **changes: Any) -> Autoscaling:
    given = {"minReplicas": 1, "maxReplicas": 10, "metrics": list(metrics) or [QUEUE]}
    return Autoscaling.model_validate({**given, **changes})


def load_of(value: float | None, pods: int = 3, seen: int | None = None, **more: Any) -> MetricLoad:
    """Return the load of a metric that `seen` of the pods have, each with the value."""
    seen = pods if seen is None else seen
    label = more.pop("label", "QueueTime")
    return MetricLoad(label, value, (value or 0.0) * seen, pods, seen, **more)


def given_of(
    rules: Autoscaling,
    *loads: MetricLoad,
    rate: float | None = 100.0,
    surroundings: Surroundings | None = None,
    bounds: Bounds | None = None,
) -> ScalingInput:
    return ScalingInput(
        rules,
        bounds or Bounds(rules.min_replicas, rules.max_replicas),
        Load(tuple(loads), rate),
        surroundings or Surroundings(),
    )


def settled(size: int) -> ScalingMemory:
    """Return the memory of a unit that has had all data for long."""
    return ScalingMemory.beginning(size, LONG_BEFORE)


def run(
    memory: ScalingMemory, inputs: Iterable[tuple[float, ScalingInput]]
) -> tuple[ScalingMemory, list[ScalingDecision]]:
    """Decide at each time; return the last memory and all decisions."""
    decisions = []
    for now, given in inputs:
        memory, decision = decide(memory, given, now)
        decisions.append(decision)
    return memory, decisions
