"""Waits between attempts that fail."""


def back_off(failures: int, first: float, longest: float, drawn: float) -> float:
    """Seconds to wait after so many failures in a row: doubling from `first` up to `longest`, less
    up to a half by what was drawn from 0 to 1."""
    return min(longest, first * 2.0 ** min(failures - 1, 20)) * (0.5 + 0.5 * drawn)
