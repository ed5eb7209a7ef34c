"""Delays until something is to be looked at again; None stands for never."""

from datetime import timedelta


def earliest(*delays: timedelta | None) -> timedelta | None:
    """Return the shortest of the delays; None if there is none.

    >>> earliest(None, timedelta(seconds=5), timedelta(seconds=3))
    datetime.timedelta(seconds=3)
    """
    return min((delay for delay in delays if delay is not None), default=None)
