"""Boundaries of histograms as text: the label `le` of a bucket."""

import math

INFINITY = "+Inf"
_LENGTH = 64


def boundary(text: str) -> float | None:
    """Return the upper bound of a bucket, in the unit of its metric; None if the text is none.

    >>> boundary("20"), boundary("20.0"), boundary("+Inf"), boundary("NaN"), boundary("inf")
    (20.0, 20.0, inf, None, None)
    """
    if text == INFINITY:
        return math.inf
    if len(text) > _LENGTH:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def boundary_text(bound: float) -> str:
    """Return one text for a boundary, however it was written.

    >>> boundary_text(20.0), boundary_text(0.005), boundary_text(math.inf)
    ('20', '0.005', '+Inf')
    """
    return INFINITY if math.isinf(bound) else f"{bound:.15g}"
