"""Evidence about a limit: its expected value, its direction, and its numbers at the edges."""

import math
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_builders.statistics.counts import AbsoluteLimit, Counts, Limit, RelativeLimit, Window
from model_builders.statistics.evidence import FACTORS, Evidence, log_mean, updated

LARGEST = 10**12
LIMITS = st.one_of(
    st.floats(1e-6, 0.99).map(AbsoluteLimit), st.floats(0.01, 100.0).map(RelativeLimit)
)


@st.composite
def tracks(draw: st.DrawFn, largest: int = LARGEST) -> Counts:
    requests = draw(st.integers(0, largest))
    return Counts(requests, draw(st.integers(0, requests)))


WINDOWS = st.builds(Window, tracks(), tracks())


def expected(
    limit: Limit, sizes: tuple[int, int], rates: tuple[float, float]
) -> tuple[float, float]:
    """Return the exact expected values of the evidence above and below, over all outcomes."""
    above, below = [], []
    for bad in range(sizes[0] + 1):
        for bad_stable in range(sizes[1] + 1):
            window = Window(Counts(sizes[0], bad), Counts(sizes[1], bad_stable))
            chance = binomial(bad, sizes[0], rates[0]) * binomial(bad_stable, sizes[1], rates[1])
            evidence = updated(Evidence(), window, limit)
            above.append(chance * math.exp(evidence.log_above))
            below.append(chance * math.exp(evidence.log_below))
    return math.fsum(above), math.fsum(below)


def binomial(hits: int, draws: int, rate: float) -> float:
    return comb(draws, hits) * rate**hits * (1 - rate) ** (draws - hits)


@given(st.tuples(st.integers(0, 8), st.integers(0, 12)), st.floats(0, 1), st.floats(0.1, 3))
def test_of_a_version_at_its_relative_limit_the_evidence_is_expected_to_stay(
    sizes: tuple[int, int], stable: float, ratio: float
) -> None:
    limit = RelativeLimit(ratio)
    canary = min(1.0, stable * ratio)
    assert expected(limit, sizes, (canary, stable))[0] <= 1 + 1e-9
    assert expected(limit, sizes, (canary / 2, stable))[0] <= 1 + 1e-9
    if stable * ratio <= 1:
        assert expected(limit, sizes, (canary, stable))[1] <= 1 + 1e-9


@given(st.integers(0, 30), st.floats(0.01, 0.9), st.floats(0, 1))
def test_of_a_version_at_its_absolute_limit_the_evidence_is_expected_to_stay(
    requests: int, share: float, part: float
) -> None:
    limit, better = AbsoluteLimit(share), share * part
    assert expected(limit, (requests, 0), (share, 0.0)) == pytest.approx((1.0, 1.0))
    assert expected(limit, (requests, 0), (better, 0.0))[0] <= 1 + 1e-9
    worse = share + (1 - share) * part
    assert expected(limit, (requests, 0), (worse, 0.0))[1] <= 1 + 1e-9


def test_after_any_first_window_the_second_is_not_expected_to_add_evidence() -> None:
    limit, share = AbsoluteLimit(0.2), 0.2
    for first in range(6):
        before = updated(Evidence(), Window(Counts(5, first), Counts(0, 0)), limit)
        after = [
            binomial(bad, 5, share)
            * math.exp(updated(before, Window(Counts(5, bad), Counts(0, 0)), limit).log_above)
            for bad in range(6)
        ]
        assert math.fsum(after) == pytest.approx(math.exp(before.log_above))


def test_the_evidence_is_the_mean_likelihood_ratio() -> None:
    window = Window(Counts(150, 8), Counts(1350, 7))
    null = Fraction(3, 21)  # r w / (r w + 1 - w) of r = 1.5 and w = 0.1
    ratios = []
    for factor in map(Fraction, FACTORS):
        other = factor * null / (factor * null + 1 - null)
        ratios.append((other / null) ** 8 * ((1 - other) / (1 - null)) ** 7)
    exact = float(sum(ratios) / len(ratios))
    evidence = updated(Evidence(), window, RelativeLimit(1.5))
    assert math.exp(evidence.log_above) == pytest.approx(exact)


@given(WINDOWS, LIMITS)
def test_one_more_bad_request_of_the_canary_is_never_evidence_for_it(
    window: Window, limit: Limit
) -> None:
    canary = window.canary
    worse = Window(Counts(canary.requests, min(canary.bad + 1, canary.requests)), window.stable)
    before = updated(Evidence(), window, limit)
    after = updated(Evidence(), worse, limit)
    slack = 1e-9 * (1 + abs(before.log_above) + abs(before.log_below))
    assert after.log_above >= before.log_above - slack
    assert after.log_below <= before.log_below + slack


@given(WINDOWS, LIMITS, st.floats(1, 1000))
def test_any_counts_give_finite_evidence_and_equal_ones_the_same(
    window: Window, limit: Limit, inflation: float
) -> None:
    evidence = updated(Evidence(), window, limit, inflation)
    assert math.isfinite(evidence.log_above)
    assert math.isfinite(evidence.log_below)
    assert evidence == updated(Evidence(), window, limit, inflation)


@given(tracks(), st.sampled_from(["canary", "stable"]), st.floats(0.01, 100.0))
def test_a_window_of_only_one_track_is_no_evidence_of_a_ratio(
    counts: Counts, track: str, ratio: float
) -> None:
    empty = Counts(0, 0)
    window = Window(counts, empty) if track == "canary" else Window(empty, counts)
    assert updated(Evidence(), window, RelativeLimit(ratio)) == Evidence()


def test_a_stable_revision_without_bad_requests_can_still_be_compared() -> None:
    few = Window(Counts(100, 1), Counts(900, 0))
    more = Window(Counts(100, 5), Counts(900, 0))
    assert updated(Evidence(), few, RelativeLimit(1.5)).log_above < math.log(100)
    assert updated(Evidence(), more, RelativeLimit(1.5)).log_above > math.log(100)


@given(st.floats(0, 0.999), st.floats(0, 0.999))
def test_a_fraction_of_a_request_is_never_evidence(canary: float, stable: float) -> None:
    """The parts that `increase` extrapolates do not count for either side."""
    limit = RelativeLimit(1.5)
    between = updated(Evidence(), Window(Counts(100, 4 + canary), Counts(900, 6 + stable)), limit)
    fewer = updated(Evidence(), Window(Counts(100, 4), Counts(900, 6)), limit)
    more = updated(Evidence(), Window(Counts(100, 5), Counts(900, 6)), limit)
    assert between.log_above <= fewer.log_above
    assert between.log_below <= max(fewer.log_below, more.log_below)


@given(WINDOWS, LIMITS, st.floats(1, 100))
def test_inflation_divides_the_logarithms(window: Window, limit: Limit, inflation: float) -> None:
    plain = updated(Evidence(), window, limit)
    divided = updated(Evidence(), window, limit, inflation)
    assert divided.above == pytest.approx(tuple(ratio / inflation for ratio in plain.above))


@pytest.mark.parametrize("inflation", [0.99, 0.0, -1.0, 1001.0, math.nan, math.inf])
def test_inflation_is_a_bounded_number(inflation: float) -> None:
    with pytest.raises(ValueError, match=r"inflation: found .*, expected a number from 1 to 1000"):
        updated(Evidence(), Window(Counts(1, 0), Counts(1, 0)), AbsoluteLimit(0.1), inflation)


@pytest.mark.parametrize("ratios", [(), (0.0,) * 7, (math.nan,) * 8, (math.inf,) * 8])
def test_a_record_of_another_shape_is_refused(ratios: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"above: found .* expected 8 finite numbers"):
        Evidence(above=ratios)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=8))
def test_a_mean_of_logarithms_lies_between_them(logarithms: list[float]) -> None:
    largest = max(logarithms)
    assert log_mean(tuple(logarithms)) <= largest + 1e-9 * abs(largest) + 1e-12
    assert log_mean(tuple(logarithms)) >= largest - math.log(len(logarithms)) - 1e-3
