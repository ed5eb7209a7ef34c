"""Law that knows the load of each second: the best that pods which have to load can do."""

import math
from collections import deque

from inference_operator.cli.scaling_simulation.readings import View
from inference_operator.cli.scaling_simulation.traces import Trace

_KEPT = 300.0


class InstantLaw:
    """Pods for the true load of now, each used to a share of its capacity, at once and within all
    bounds. It does not know the future. It removes pods as HPA does: after 5 minutes.

    What it misses, no law misses that reacts to the load and has as few pods.
    """

    name = "instant"
    interval = 1.0

    def __init__(self, trace: Trace, share: float) -> None:
        """Create it for a trace. `share` is how much of its capacity a pod shall be used to."""
        self._trace = trace
        self._per_pod = trace.service.capacity * share
        self._needs: deque[tuple[float, int]] = deque()

    def decide(self, view: View) -> int:
        """Return the number of pods from now on."""
        need = max(math.ceil(self._trace.rate_at(view.now) / self._per_pod), 1)
        # Needs that a later one exceeds never rule again.
        while self._needs and self._needs[-1][1] <= need:
            self._needs.pop()
        self._needs.append((view.now, need))
        while self._needs[0][0] <= view.now - _KEPT:
            self._needs.popleft()
        return min(self._needs[0][1], self._trace.most_pods)
