"""Rollout slots: a few units at once get new defaults of the operator, the others in order."""

from collections.abc import Callable, Iterable

from inference_operator.domain.names import UnitKey


class RolloutSlots:
    """Slots for `limit` units; a released slot goes to the unit that waits longest.

    A unit whose rollout does not succeed keeps its slot: a bad image reaches at most `limit` units.
    """

    def __init__(
        self,
        limit: int,
        rolling: Callable[[], Iterable[UnitKey]],
        wake: Callable[[UnitKey], None],
    ) -> None:
        """Create the slots; `rolling` returns units in the middle of a rollout after a restart."""
        self._limit = limit
        self._rolling = rolling
        self._wake = wake
        self._holding: set[UnitKey] | None = None
        self._waiting: dict[UnitKey, None] = {}

    def holds(self, key: UnitKey) -> bool:
        return key in self._holders()

    def acquire(self, key: UnitKey) -> bool:
        """Take a slot if one is free; otherwise the unit is woken when it gets one."""
        holding = self._holders()
        if key not in holding and len(holding) < self._limit:
            holding.add(key)
        if key in holding:
            self._waiting.pop(key, None)
            return True
        self._waiting[key] = None
        return False

    def release(self, key: UnitKey) -> None:
        """Free the unit's slot, and stop its waiting."""
        self._waiting.pop(key, None)
        holding = self._holders()
        holding.discard(key)
        # Also where it held none: it may have been woken to take the free slot.
        if self._waiting and len(holding) < self._limit:
            following = next(iter(self._waiting))
            del self._waiting[following]
            self._wake(following)

    def _holders(self) -> set[UnitKey]:
        if self._holding is None:
            self._holding = set(self._rolling()) if self._limit else set()
        return self._holding
