"""Law of KEDA with its Prometheus scaler, written from its documentation.

KEDA gives a HorizontalPodAutoscaler one external value for each query. AverageValue asks for
ceil(sum / target), Value for ceil(pods x value / target). An answer without series is 0, as
`ignoreNullValues` is true unless set. A query that fails has no value, so no pod is removed, and
after three polls of 30 seconds the fallback, if there is one, is the number of pods: also where it
is fewer.
"""

import math

from inference_operator.api.autoscaling_metric import ScalingMetricType
from inference_operator.cli.scaling_simulation.hpa import (
    SYNC,
    TOLERANCE,
    HpaPace,
    pod_values,
)
from inference_operator.cli.scaling_simulation.readings import Reading, View
from inference_operator.cli.scaling_simulation.traces import OutageShape

FALLBACK_AFTER = 90.0
"""Seconds: three polls."""

_SUMS = frozenset({ScalingMetricType.PENDING_REQUESTS, ScalingMetricType.REQUEST_RATE})


class KedaLaw:
    """A ScaledObject with one trigger for each metric."""

    interval = SYNC

    def __init__(self, minimum: int, maximum: int, fallback: int | None = None) -> None:
        """Create it. With a `fallback`, an answer without series is a failure too, as its users
        set `ignoreNullValues: false`; without one, it is 0."""
        self.name = "KEDA" if fallback is None else "KEDA with fallback"
        self._pace = HpaPace(minimum, maximum)
        self._fallback = fallback
        self._failing_since: float | None = None

    def decide(self, view: View) -> int:
        """Return the number of pods from now on."""
        is_failing = view.outage is OutageShape.REFUSED or (
            view.outage is OutageShape.EMPTY and self._fallback is not None
        )
        if is_failing:
            return self._pace.next(view.now, view.size, self._without_values(view))
        self._failing_since = None
        asked = max(_asked(reading, view) for reading in view.readings)
        return self._pace.next(view.now, view.size, asked)

    def _without_values(self, view: View) -> int:
        if self._failing_since is None:
            self._failing_since = view.now
        is_long = view.now - self._failing_since >= FALLBACK_AFTER
        return self._fallback if self._fallback is not None and is_long else view.size


def _asked(reading: Reading, view: View) -> int:
    values, target = pod_values(reading), reading.metric.target_number
    total = math.fsum(values)
    if reading.metric.type in _SUMS:
        ratio = total / (target * view.size)
        return view.size if abs(ratio - 1) <= TOLERANCE + 1e-9 else math.ceil(total / target)
    weights = [each.weight for each in reading.by_pod.values()]
    # The query is one of all pods: the sum of the times by the requests.
    times = math.fsum(each.value * each.weight for each in reading.by_pod.values())
    ratio = times / math.fsum(weights) / target if weights else 0.0
    if abs(ratio - 1) <= TOLERANCE + 1e-9:
        return view.size
    return math.ceil(ratio * len(view.ready) - 1e-9)
