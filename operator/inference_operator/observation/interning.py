"""Equal parts of cached objects are kept once: children of a thousand models differ in little."""

import sys
from typing import Any

# Texts up to so many characters are shared; longer ones hardly ever repeat.
_SHORT = 64
_SCALARS = (str, int, bool, type(None))
# Values of a part, a long text being several. Larger parts hardly ever repeat, and what is
# remembered of them would outlive the objects that have them.
LARGEST = 256
MEMBERS = 64
# Of all parts that are remembered: some 20 MB at most.
REMEMBERED_WEIGHT = 128 << 10


class Interner:
    """Makes copies of JSON values in which equal parts are the same objects.

    What it returns must never be changed. The least recently met parts are forgotten: they stay in
    the objects that have them, and are only no longer found.
    """

    def __init__(self, remembered: int = 2048) -> None:
        self._remembered = remembered
        # Of a mark: the part, and its weight.
        self._known: dict[Any, tuple[Any, int]] = {}
        self._weight = 0

    def copy(self, value: Any) -> Any:
        """The value, or an equal one that was met before."""
        return self._copied(value)[0]

    def _copied(self, value: Any) -> tuple[Any, int]:
        """The copy, and its weight: how many values it has, a long text being several."""
        if isinstance(value, str):
            weight = 1 + len(value) // _SHORT
            return (sys.intern(value) if len(value) <= _SHORT else value), weight
        if isinstance(value, dict):
            return self._map(value)
        if isinstance(value, list):
            return self._list(value)
        return value, 1

    def _map(self, value: dict[str, Any]) -> tuple[Any, int]:
        built = {}
        weight = 1
        is_large = len(value) > MEMBERS
        for key, item in value.items():
            copied, more = self._copied(item)
            built[key if is_large else sys.intern(key)] = copied
            weight += 1 + len(key) // _SHORT + more
        if len(built) > MEMBERS or weight > LARGEST:
            return built, weight
        mark = ("{", *((key, *_mark(item)) for key, item in built.items()))
        return self._one(mark, built, weight), weight

    def _list(self, value: list[Any]) -> tuple[Any, int]:
        built = []
        weight = 1
        for item in value:
            copied, more = self._copied(item)
            built.append(copied)
            weight += more
        if len(built) > MEMBERS or weight > LARGEST:
            return built, weight
        return self._one(("[", *map(_mark, built)), built, weight), weight

    def _one(self, mark: Any, built: Any, weight: int) -> Any:
        # Taken out and put back, so that it is the newest one.
        known = self._known.pop(mark, None)
        if known is None:
            known = built, weight
            self._weight += weight
        self._known[mark] = known
        while len(self._known) > self._remembered or self._weight > REMEMBERED_WEIGHT:
            _, gone = self._known.pop(next(iter(self._known)))
            self._weight -= gone
        return known[0]


def _mark(item: Any) -> tuple[type, Any]:
    # True equals 1. A part that was copied is known by its identity, which the one who has it keeps
    # from being given to another.
    if isinstance(item, float):
        return float, repr(item)  # 0.0 equals -0.0
    return type(item), item if isinstance(item, _SCALARS) else id(item)
