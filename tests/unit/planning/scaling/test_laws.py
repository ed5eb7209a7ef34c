"""Laws of the metrics: how many pods a value asks for."""

from typing import Any

import pytest

from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.planning.scaling.laws import LARGEST, Tolerances, desired
from tests.unit.planning.scaling.load_cases import load_of

TENTH = Tolerances(0.1, 0.1)
LATENCY = ScalingMetric(type="Latency", statistic="p95", target="20ms")
RATE = ScalingMetric(type="RequestRate", target="10")
MEMORY = ScalingMetric(type="GPUMemory", target="80%")
QUERY = {"type": "Prometheus", "query": "a"}
VALUE = ScalingMetric.model_validate({**QUERY, "targetType": "Value", "target": "2"})
AVERAGE = ScalingMetric.model_validate({**QUERY, "targetType": "AverageValue", "target": "10"})


@pytest.mark.parametrize(
    ("metric", "load", "current", "size"),
    [
        # The examples of the HPA's documentation: 200m of 100m doubles, 50m of 100m halves.
        (LATENCY, load_of(40.0, 3), 3, 6),
        (LATENCY, load_of(10.0, 4), 4, 2),
        # Within a tenth of the target.
        (LATENCY, load_of(22.0, 3), 3, 3),
        (LATENCY, load_of(18.0, 3), 3, 3),
        (LATENCY, load_of(22.1, 3), 3, 4),
        # Pods that start or are young count as 0: 3 x 1.9 = 5.7.
        (LATENCY, load_of(38.0, 3), 5, 6),
        (LATENCY, load_of(38.0, 5, seen=3, young=2), 5, 6),
        # With them the ratio is 0.9: within the tolerance.
        (LATENCY, load_of(30.0, 5, seen=3, young=2), 5, 5),
        # The direction is not turned: 3 x 1.2 = 3.6, and 5 pods stay.
        (LATENCY, load_of(24.0, 3), 5, 5),
        # They count as the target when pods are to be removed: (3 x 0.25 + 2) of 5.
        (LATENCY, load_of(5.0, 5, seen=3, young=2), 5, 3),
        (LATENCY, load_of(5.0, 5, seen=3), 5, 3),
        # Pods that only start are not needed by so small a load.
        (LATENCY, load_of(5.0, 3), 5, 1),
        (LATENCY, load_of(0.0, 3), 3, 0),
        (RATE, load_of(25.0, 4), 4, 10),
        (RATE, load_of(2.0, 4), 4, 1),
        (RATE, load_of(25.0, 4, seen=2), 4, 5),
        (MEMORY, load_of(0.95, 4), 4, 5),
        (MEMORY, load_of(0.5, 4), 4, 3),
        (VALUE, load_of(3.0, 4), 4, 6),
        # The ready pods, whatever was decided.
        (VALUE, load_of(3.0, 4), 6, 6),
        (VALUE, load_of(3.0, 0), 4, 4),
        (AVERAGE, load_of(45.0, 1), 3, 5),
        (AVERAGE, load_of(32.0, 1), 3, 3),
        (AVERAGE, load_of(12.0, 1), 3, 2),
        (LATENCY, load_of(1e308, 3), 3, LARGEST),
        (LATENCY, load_of(float("nan"), 3), 3, None),
        (LATENCY, load_of(float("inf"), 3), 3, None),
        (LATENCY, load_of(-5.0, 3), 3, 0),
        (LATENCY, load_of(None, 3, seen=0), 3, None),
        (LATENCY, load_of(None, 3, is_idle=True), 3, 0),
    ],
)
def test_a_value_asks_for_pods(
    metric: ScalingMetric, load: Any, current: int, size: int | None
) -> None:
    assert desired(metric, load, current, TENTH) == size


def test_the_tolerances_of_both_directions_differ() -> None:
    metric = ScalingMetric(type="QueueTime", target="10ms")

    sizes = [
        desired(metric, load_of(value, 10), 10, Tolerances(0.01, 0.3)) for value in (10.2, 7.1, 6.9)
    ]

    assert sizes == [11, 10, 7]
