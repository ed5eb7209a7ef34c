"""Reader of the texts of limits: percentages such as 1%, and durations such as 20ms."""

from decimal import Decimal

_MILLISECONDS = {"us": Decimal("0.001"), "ms": Decimal(1), "s": Decimal(1000)}


def share_of(text: str) -> float:
    """Return a percentage as a share.

    >>> share_of("1%"), share_of("110%")
    (0.01, 1.1)
    """
    return float(Decimal(text.removesuffix("%")) / 100)


def exact_milliseconds(text: str) -> Decimal:
    """Return a duration in milliseconds. A number without a unit is in milliseconds.

    >>> exact_milliseconds("500us")
    Decimal('0.500')
    """
    number = text.rstrip("mus")
    return Decimal(number) * _MILLISECONDS.get(text[len(number) :], Decimal(1))


def milliseconds_of(text: str) -> float:
    """Return the same as a float.

    >>> milliseconds_of("20ms"), milliseconds_of("500us"), milliseconds_of("1.5s")
    (20.0, 0.5, 1500.0)
    """
    return float(exact_milliseconds(text))
