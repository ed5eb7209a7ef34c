"""Waits between attempts that fail."""


def back_off(failures: int, first: float, longest: float, drawn: float) -> float:
    """Return the seconds to wait after so many failures in a row. The wait doubles from `first` up
    to `longest`; `drawn` (0 to 1) shortens it by up to a half."""
    return min(longest, first * 2.0 ** min(failures - 1, 20)) * (0.5 + 0.5 * drawn)
