"""Time zones by their names, as the package tzdata has them: the same in every image."""

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones.

    >>> "America/New_York" in zone_names(), "localtime" in zone_names()
    (True, False)
    """
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


def zone_of(name: str) -> ZoneInfo | None:
    """Return the time zone of that name; None if there is none."""
    return ZoneInfo(name) if name in zone_names() else None
