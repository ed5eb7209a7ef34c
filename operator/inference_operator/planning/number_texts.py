"""Numbers of a judgement as people read them."""

import math


def percent(share: float) -> str:
    """Return a share as a percentage, with three digits.

    >>> percent(0.05), percent(0.0123), percent(0.00012), percent(0.0)
    ('5%', '1.23%', '0.012%', '0%')
    """
    return f"{_short(share * 100)}%"


def duration(milliseconds: float) -> str:
    """Return a duration.

    >>> duration(17.64), duration(0.25), duration(1500)
    ('17.6ms', '250us', '1.5s')
    """
    if 0 < milliseconds < 1:
        return f"{_short(milliseconds * 1000)}us"
    if milliseconds >= 1000:
        return f"{_short(milliseconds / 1000)}s"
    return f"{_short(milliseconds)}ms"


def number(value: float) -> str:
    """Return a number of no unit.

    >>> number(3.14159), number(12345.6)
    ('3.14', '12346')
    """
    return _short(value)


def count(value: float) -> str:
    """Return a number of requests.

    >>> count(1204.0)
    '1,204'
    """
    return f"{math.floor(value):,}"


def about(value: float) -> str:
    """Return a number of requests that is only estimated, with two digits.

    >>> about(1283.2), about(7.4), about(2.0e9)
    ('1,300', '8', '2,000,000,000')
    """
    if value < 10:
        return str(math.ceil(value))
    digits = math.floor(math.log10(value)) - 1
    return f"{math.ceil(round(value / 10**digits, 9)) * 10**digits:,}"


def _short(value: float) -> str:
    """Return three digits of a number, or all of those before the point."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(digits, 9)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
