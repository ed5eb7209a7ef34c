"""Interning of stored objects' equal parts: children of a thousand models differ in little."""

import sys
from typing import Any

# Strings up to this many characters are shared; longer ones hardly ever repeat.
_SHORT = 64
_SCALARS = (str, int, bool, type(None))
# The most values of a shared part; a long string counts as several. Larger parts hardly ever
# repeat, and would stay in memory longer than the objects that have them.
LARGEST = 256
MEMBERS = 64
# The weight of all remembered parts: about 20 MB at most.
REMEMBERED_WEIGHT = 128 << 10


class Interner:
    """Copier of JSON values whose copies share equal parts.

    Never change a returned value. The least recently used parts are forgotten: they stay in the
    objects that have them, but are no longer shared with new ones.
    """

    def __init__(self, remembered: int = 2048) -> None:
        self._remembered = remembered
        # Mark -> the part, and its weight.
        self._parts: dict[Any, tuple[Any, int]] = {}
        self._weight = 0

    def copy(self, value: Any) -> Any:
        """Return a copy of the value, or an equal one that was copied before."""
        return self._copied(value)[0]

    def _copied(self, value: Any) -> tuple[Any, int]:
        """Return the copy, and its weight: its number of values; a long string is several."""
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
        return self._shared(mark, built, weight), weight

    def _list(self, value: list[Any]) -> tuple[Any, int]:
        built = []
        weight = 1
        for item in value:
            copied, more = self._copied(item)
            built.append(copied)
            weight += more
        if len(built) > MEMBERS or weight > LARGEST:
            return built, weight
        return self._shared(("[", *map(_mark, built)), built, weight), weight

    def _shared(self, mark: Any, built: Any, weight: int) -> Any:
        # Removed and inserted again, so that it is the newest one.
        part = self._parts.pop(mark, None)
        if part is None:
            part = built, weight
            self._weight += weight
        self._parts[mark] = part
        while len(self._parts) > self._remembered or self._weight > REMEMBERED_WEIGHT:
            _, gone = self._parts.pop(next(iter(self._parts)))
            self._weight -= gone
        return part[0]


def _mark(item: Any) -> tuple[type, Any]:
    # True equals 1. A copied part is identified by its id, which stays valid because the object
    # that contains it keeps it alive.
    if isinstance(item, float):
        return float, repr(item)  # 0.0 equals -0.0
    return type(item), item if isinstance(item, _SCALARS) else id(item)
