"""Wilson bounds of a share, and the rule that counts failing windows."""

import math
from collections.abc import Sequence

# Of one side: 95 % of lower bounds are below the true share.
Z_95 = 1.6448536269514722


def wilson_bounds(hits: float, draws: float, z: float = Z_95) -> tuple[float, float]:
    """Return the lower and the upper bound of a share, 0 to 1; without draws 0 and 1.

    Source: Wilson, Probable Inference, JASA 22, 1927. The error rate holds for one look. It does
    not hold for a rule that looks again in each window.

    >>> lower, upper = wilson_bounds(hits=3, draws=50)
    >>> round(lower, 4), round(upper, 4)
    (0.0242, 0.1409)
    >>> wilson_bounds(hits=0, draws=0)
    (0.0, 1.0)
    """
    if not 0 <= hits <= draws < math.inf:
        raise ValueError(
            f"hits: found {hits} of {draws} draws, expected 0 to draws; read both in one window"
        )
    if draws == 0:
        return 0.0, 1.0
    share = hits / draws
    scale = 1 + z * z / draws
    centre = (share + z * z / (2 * draws)) / scale
    half = z * math.sqrt(share * (1 - share) / draws + z * z / (4 * draws * draws)) / scale
    return max(0.0, centre - half), min(1.0, centre + half)


def fails(windows: Sequence[bool], failures: int, out_of: int) -> bool:
    """Return whether at least `failures` of the last `out_of` windows failed.

    >>> fails([True, False, True], failures=2, out_of=3)
    True
    >>> fails([True, True, False, False], failures=2, out_of=3)
    False
    """
    if not 1 <= failures <= out_of:
        raise ValueError(
            f"failures: found {failures}, expected 1 to outOf ({out_of}); write 2 of 3"
        )
    return sum(windows[-out_of:]) >= failures
