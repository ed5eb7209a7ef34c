"""Whose turn it is to get new defaults of the operator: a few units at once, the rest in order."""

from collections.abc import Callable, Iterable

from inference_operator.domain.names import UnitKey


class RolloutSlots:
    """At most `limit` units hold a turn; one that is given back goes to who waits longest.

    A unit whose rollout does not succeed keeps its turn: a bad image reaches no more than these.
    """

    def __init__(
        self,
        limit: int,
        rolling: Callable[[], Iterable[UnitKey]],
        wake: Callable[[UnitKey], None],
    ) -> None:
        """`rolling` are the units that a process before this one left in the middle."""
        self._limit = limit
        self._rolling = rolling
        self._wake = wake
        self._held: set[UnitKey] | None = None
        self._waiting: dict[UnitKey, None] = {}

    def holds(self, key: UnitKey) -> bool:
        return key in self._holders()

    def take(self, key: UnitKey) -> bool:
        """Whether it is the unit's turn now; else it is woken when it is."""
        held = self._holders()
        if key not in held and len(held) < self._limit:
            held.add(key)
        if key in held:
            self._waiting.pop(key, None)
            return True
        self._waiting[key] = None
        return False

    def give_back(self, key: UnitKey) -> None:
        """The unit neither needs a turn nor waits for one any more, or has gone."""
        self._waiting.pop(key, None)
        held = self._holders()
        held.discard(key)
        # Also where it held none: it may have been woken to take the one that is free.
        if self._waiting and len(held) < self._limit:
            following = next(iter(self._waiting))
            del self._waiting[following]
            self._wake(following)

    def _holders(self) -> set[UnitKey]:
        if self._held is None:
            self._held = set(self._rolling()) if self._limit else set()
        return self._held
