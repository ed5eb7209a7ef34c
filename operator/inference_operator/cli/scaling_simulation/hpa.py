"""Law of the HorizontalPodAutoscaler v2, written from its documentation.

Every 15 seconds each metric asks for ceil(pods x mean / target). A ratio within the tolerance asks
for the pods that there are. Pods without a value count as 0 if pods are to be added, and as the
target if they are to be removed; if that turns the direction, nothing changes. The metric that asks
for the most pods rules; if one has no value, no pod is removed. The largest recommendation of the
last 5 minutes holds. Policies: 100 % or 4 pods more in 15 seconds, whichever is more; all fewer.
"""

import math
from collections import deque
from collections.abc import Sequence

from inference_operator.cli.scaling_simulation.readings import Reading, View

SYNC = 15.0
TOLERANCE = 0.1
DOWN_WINDOW = 300.0
_PODS_UP = 4
_PERIOD = 15.0


def hpa_desired(values: Sequence[float], target: float, pods: int) -> int | None:
    """Return the pods that one metric asks for, from the values of the pods that have one; None
    without any. `pods` is how many there are.

    The examples are those of the documentation: 200m against 100m doubles, 50m halves.

    >>> hpa_desired([200.0], 100.0, 1), hpa_desired([50.0, 50.0], 100.0, 2)
    (2, 1)
    >>> hpa_desired([109.0, 109.0], 100.0, 2), hpa_desired([200.0, 200.0], 100.0, 4)
    (2, 4)
    """
    if not values:
        return None
    ratio = math.fsum(values) / len(values) / target
    missing = max(pods - len(values), 0)
    if not missing:
        return pods if _is_within(ratio) else math.ceil(ratio * pods - 1e-9)
    filled = math.fsum(values) + missing * (target if ratio < 1 else 0.0)
    after = filled / pods / target
    if _is_within(after) or (ratio < 1) != (after < 1):
        return pods
    size = math.ceil(after * pods - 1e-9)
    return size if (size < pods) == (after < 1) else pods


class HpaPace:
    """Stabilisation and default policies of one HorizontalPodAutoscaler."""

    def __init__(self, minimum: int, maximum: int) -> None:
        """Create it with the bounds of its pods."""
        self._bounds = (minimum, maximum)
        self._recommendations: deque[tuple[float, int]] = deque()
        self._changes: deque[tuple[float, int]] = deque()

    def next(self, now: float, size: int, asked: int) -> int:
        """Return the size after the metrics have asked for one."""
        minimum, maximum = self._bounds
        if not self._recommendations:
            # Its first recommendation is the size that there is.
            self._recommendations.append((now, size))
        self._recommendations.append((now, asked))
        while self._recommendations[0][0] <= now - DOWN_WINDOW:
            self._recommendations.popleft()
        while self._changes and self._changes[0][0] <= now - _PERIOD:
            self._changes.popleft()
        most = max(number for _, number in self._recommendations)
        stable = asked if asked > size else min(most, size)
        start = size - sum(change for _, change in self._changes)
        highest = max(2 * start, start + _PODS_UP, size)
        after = min(max(min(stable, highest), minimum), maximum)
        if after != size:
            self._changes.append((now, after - size))
        return after


class HpaLaw:
    """A HorizontalPodAutoscaler on metrics of the kind Pods."""

    name = "HPA"
    interval = SYNC

    def __init__(self, minimum: int, maximum: int) -> None:
        """Create it with the bounds of its pods."""
        self._pace = HpaPace(minimum, maximum)

    def decide(self, view: View) -> int:
        """Return the number of pods from now on."""
        asked = [
            hpa_desired(pod_values(reading), reading.metric.target_number, view.size)
            for reading in view.readings
        ]
        sizes = [each for each in asked if each is not None]
        most = max(sizes, default=view.size)
        if len(sizes) < len(asked):
            most = max(most, view.size)
        return self._pace.next(view.now, view.size, most)


def pod_values(reading: Reading) -> list[float]:
    """Return the values of the pods. Prometheus' adapter says 0 for a time without requests."""
    return [each.value for each in reading.by_pod.values()] + [0.0] * len(reading.idle)


def _is_within(ratio: float) -> bool:
    return abs(ratio - 1.0) <= TOLERANCE + 1e-9
