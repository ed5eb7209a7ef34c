"""Budget of Events for each unit: endless edits do not cause endless Events.

client-go limits them in the same way (its `EventSourceObjectSpamFilter`), with fewer later on.
"""

import time
from collections.abc import Callable

from inference_operator.domain.names import UnitKey

BURST = 25
"""Events about one unit in a row."""

REFILL_SECONDS = 60.0
"""Seconds after which one more Event may be written."""

REMEMBERED = 4096


class EventBudget:
    """Counter of Events by unit name: a successor continues the budget of its predecessor."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = monotonic
        # The remaining Events, and when they were counted. The least recently used are forgotten.
        self._left: dict[UnitKey, tuple[float, float]] = {}

    def take(self, unit: UnitKey) -> bool:
        """Return whether one more Event may be written about the unit now, and count it."""
        now = self._now()
        left, at = self._left.pop(unit, (float(BURST), now))
        left = min(float(BURST), left + (now - at) / REFILL_SECONDS)
        may = left >= 1
        self._left[unit] = (left - 1 if may else left), now
        if len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]
        return may
