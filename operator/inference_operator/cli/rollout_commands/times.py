"""Times and durations as a picture of a rollout shows them."""

from datetime import datetime, timedelta

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def brief(duration: timedelta) -> str:
    """Return the two largest units of a duration; a negative one counts as none.

    >>> brief(timedelta(seconds=135)), brief(timedelta(days=2, minutes=5)), brief(timedelta(0))
    ('2m15s', '2d', '0s')
    """
    rest = max(0, duration // timedelta(seconds=1))
    parts: list[str] = []
    for unit, seconds in _UNITS:
        count, rest = divmod(rest, seconds)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
    return "".join(parts[:2]) or "0s"


def ago(time: datetime, now: datetime) -> str:
    """Return how long ago a time is."""
    return f"{brief(now - time)} ago"
