"""A share comes with what so few cases leave open."""

import numpy as np
import pytest

from training.evaluation.proportions import share_of


@pytest.mark.parametrize(
    ("hits", "cases", "lower", "upper"),
    # Of Newcombe (1998), table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(hits: int, cases: int, lower: float, upper: float) -> None:
    share = share_of(hits, cases)
    assert (share.lower, share.upper) == pytest.approx((lower, upper), abs=5e-5)


def test_holds_the_truth_about_19_times_of_20() -> None:
    drawn = np.random.default_rng(1).binomial(200, 0.52, 2000)
    shares = [share_of(int(hits), 200) for hits in drawn]
    inside = np.mean([share.lower <= 0.52 <= share.upper for share in shares])
    assert 0.93 < inside < 0.97


def test_nothing_is_known_from_no_cases() -> None:
    share = share_of(0, 0)
    assert (share.share, share.lower, share.upper) == (None, 0.0, 1.0)
    assert str(share) == "no cases"


def test_more_hits_than_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="hits: found 3 of 2 cases, expected from 0 to 2"):
        share_of(3, 2)
