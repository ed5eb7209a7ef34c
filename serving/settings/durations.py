"""Lengths of time as people write them: `1h`, `250ms`, `1d 6h`, or a number of seconds."""

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
LONGEST = 366 * UNITS["d"]
_PART = re.compile(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h|d|w)")
EXPECTED = (
    "numbers with units, such as 250ms, 30s, 5m, 1h, 1d 6h, or a number of seconds;"
    " at most 366 days"
)


def seconds(written: str) -> float:
    """Return the seconds of a written length of time; ValueError if it cannot be read.

    >>> seconds("1d 6h"), seconds("250ms"), seconds("1h30m")
    (108000.0, 0.25, 5400.0)
    """
    total, at = 0.0, 0
    for part in _PART.finditer(written):
        if part.start() != at:
            break
        total, at = total + float(part[1]) * UNITS[part[2]], part.end()
    if at == 0 or written[at:].strip():
        raise ValueError(EXPECTED)
    return total


def _seconds(given: Any) -> float:
    try:
        if isinstance(given, bool) or not isinstance(given, int | float | str):
            raise ValueError(EXPECTED)
        length = _of_text(given) if isinstance(given, str) else float(given)
        if not math.isfinite(length) or not 0 <= length <= LONGEST:
            raise ValueError(EXPECTED)
    except (ValueError, OverflowError):
        raise PydanticCustomError("duration", "expected " + EXPECTED) from None
    return length


def _of_text(written: str) -> float:
    if len(written) > 40:
        raise ValueError(EXPECTED)
    try:
        return float(written)
    except ValueError:
        return seconds(written)


Duration = Annotated[float, BeforeValidator(_seconds)]
"""Seconds; written as a number of them or with units."""
