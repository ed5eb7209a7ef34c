"""Equal parts of cached objects are kept once: children of a thousand models differ in little."""

import sys
from typing import Any

# Texts up to so many characters are shared; longer ones hardly ever repeat.
_SHORT = 64
_SCALARS = (str, int, bool, type(None))


class Sharing:
    """Makes copies of JSON values in which equal parts are the same objects.

    What it returns must never be changed. The least recently met parts are forgotten: they stay in
    the objects that have them, and are only no longer found.
    """

    def __init__(self, remembered: int = 2048) -> None:
        self._remembered = remembered
        self._known: dict[Any, Any] = {}

    def copy(self, value: Any) -> Any:
        """The value, or an equal one that was met before."""
        if isinstance(value, dict):
            built = {sys.intern(key): self.copy(item) for key, item in value.items()}
            return self._one(("{", *((key, *_mark(item)) for key, item in built.items())), built)
        if isinstance(value, list):
            items = [self.copy(item) for item in value]
            return self._one(("[", *map(_mark, items)), items)
        if isinstance(value, str) and len(value) <= _SHORT:
            return sys.intern(value)
        return value

    def _one(self, mark: Any, built: Any) -> Any:
        # Taken out and put back, so that it is the newest one.
        found = self._known.pop(mark, built)
        self._known[mark] = found
        if len(self._known) > self._remembered:
            del self._known[next(iter(self._known))]
        return found


def _mark(item: Any) -> tuple[type, Any]:
    # True equals 1. A part that was copied is known by its identity, which the one who has it keeps
    # from being given to another.
    if isinstance(item, float):
        return float, repr(item)  # 0.0 equals -0.0
    return type(item), item if isinstance(item, _SCALARS) else id(item)
