"""Counts, bounds, dispersion and sample sizes, and the examples of every module."""

import doctest
import importlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_builders.statistics.counts import (
    MOST_REQUESTS,
    AbsoluteLimit,
    Counts,
    RelativeLimit,
    Window,
    trials,
)
from model_builders.statistics.dispersion import variance_inflation
from model_builders.statistics.evidence import Evidence, updated
from model_builders.statistics.judgement import Judgement, Outcome, wider
from model_builders.statistics.sample_size import Rates, requests_missing
from model_builders.statistics.wilson import fails, wilson_bounds

MODULES = ("counts", "dispersion", "evidence", "judgement", "sample_size", "wilson")


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_answer_as_they_say(name: str) -> None:
    results = doctest.testmod(importlib.import_module(f"model_builders.statistics.{name}"))
    assert results.attempted > 1
    assert results.failed == 0


@pytest.mark.parametrize(
    ("requests", "bad", "field"),
    [
        (-1, 0, "requests"),
        (math.nan, 0, "requests"),
        (math.inf, 0, "requests"),
        (MOST_REQUESTS * 2, 0, "requests"),
        (1, 2, "bad"),
        (1, -1, "bad"),
        (1, math.nan, "bad"),
    ],
)
def test_counts_that_cannot_be_are_refused(requests: float, bad: float, field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: found .*, expected a number from 0 to .*; "):
        Counts(requests, bad)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_limits_that_cannot_be_kept_or_exceeded_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"share: found .*; write 1 % as"):
        AbsoluteLimit(value)
    with pytest.raises(ValueError, match=r"ratio: found .*; write 150 % as"):
        RelativeLimit(value)
    with pytest.raises(ValueError, match="share"):
        AbsoluteLimit(1)


@given(st.floats(0.01, 100), st.integers(0, 10**12), st.integers(0, 10**12))
def test_the_probability_at_the_limit_lies_between_0_and_1(
    ratio: float, canary: int, stable: int
) -> None:
    draws = trials(Window(Counts(canary, 0), Counts(stable, 0)), RelativeLimit(ratio))
    assert 0 <= draws.limit <= 1
    assert (draws.limit == 0) == (canary == 0)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_wilson_bounds_hold_the_share(hits: int, others: int) -> None:
    lower, upper = wilson_bounds(hits, hits + others)
    assert 0 <= lower <= upper <= 1
    if hits + others:
        assert lower <= hits / (hits + others) + 1e-12
        assert upper >= hits / (hits + others) - 1e-12


def test_wilson_bounds_refuse_more_hits_than_draws() -> None:
    with pytest.raises(ValueError, match="hits: found 2 of 1 draws"):
        wilson_bounds(2, 1)


@pytest.mark.parametrize("failures", [0, 4])
def test_failures_are_counted_out_of_at_least_as_many(failures: int) -> None:
    with pytest.raises(ValueError, match=f"failures: found {failures}, expected 1 to outOf"):
        fails([], failures, 3)


def test_counts_in_groups_are_overdispersed() -> None:
    single = [Counts(1000, bad) for bad in (8, 11, 10, 9, 13, 9)] * 4
    groups = [Counts(1000, bad * 5) for bad in (0, 4, 1, 3, 0, 4)] * 4
    assert variance_inflation(single) == 1
    assert 5 < variance_inflation(groups, most=100) < 20
    assert variance_inflation(groups) == 4


@pytest.mark.parametrize(
    "windows",
    [[], [Counts(100, 5)] * 19, [Counts(9, 0)] * 60, [Counts(9, 9)] * 60, [Counts(0, 0)] * 60],
)
def test_counts_that_do_not_show_how_they_vary_are_taken_as_overdispersed(
    windows: list[Counts],
) -> None:
    assert variance_inflation(windows) == 4


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), max_size=40))
def test_the_inflation_of_any_counts_is_bounded(pairs: list[tuple[int, int]]) -> None:
    assert 1 <= variance_inflation([Counts(sum(pair), pair[0]) for pair in pairs]) <= 4


@pytest.mark.parametrize("most", [0.5, math.nan, math.inf])
def test_the_largest_inflation_is_a_number_from_1_on(most: float) -> None:
    with pytest.raises(ValueError, match="most: found"):
        variance_inflation([], most)


def test_the_expected_requests_are_about_those_it_takes() -> None:
    limit, rates = RelativeLimit(1.5), Rates(0.05, 0.005, 0.1)
    missing = requests_missing(Evidence(), limit, rates)
    evidence, requests = Evidence(), 0
    while evidence.log_above < math.log(100):
        evidence = updated(evidence, Window(Counts(20, 1), Counts(180, 0.9)), limit)
        requests += 20
    assert 0.5 * requests <= missing <= 2 * requests


def test_evidence_that_suffices_needs_no_more_requests() -> None:
    evidence = updated(Evidence(), Window(Counts(100, 50), Counts(0, 0)), AbsoluteLimit(0.01))
    assert requests_missing(evidence, AbsoluteLimit(0.01), Rates(0.5, 0.0, 1.0)) == 0


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_ratio_is_never_judged_where_one_track_gets_nothing(share: float) -> None:
    rates = Rates(0.5, 0.01, share)
    assert requests_missing(Evidence(), RelativeLimit(1.5), rates) == math.inf


def test_rates_and_alpha_are_shares() -> None:
    with pytest.raises(ValueError, match="stable: found 5, expected a number from 0 to 1"):
        Rates(0.1, 5, 0.1)
    with pytest.raises(ValueError, match="alpha: found 1, expected"):
        requests_missing(Evidence(), AbsoluteLimit(0.01), Rates(0.1, 0.1, 0.1), alpha=1)


def test_evidence_that_a_limit_is_exceeded_goes_before_evidence_that_its_double_is_kept() -> None:
    """A share of 1.5 % is above the limit of 1 %, and below its double."""
    window = Window(Counts(100_000, 1500), Counts(0, 0))
    judgement = Judgement().after(window, AbsoluteLimit(0.01))
    assert judgement.kept.log_below > math.log(100)
    assert judgement.outcome is Outcome.EXCEEDED


def test_a_limit_of_which_little_is_known_stays_undecided() -> None:
    window = Window(Counts(100, 1), Counts(900, 9))
    assert Judgement().after(window, RelativeLimit(1.5)).outcome is Outcome.UNDECIDED
    large = Window(Counts(150, 8), Counts(1350, 7))
    assert Judgement().after(large, RelativeLimit(1.5), 4).outcome is Outcome.UNDECIDED


@given(st.floats(1e-9, 1, exclude_max=True).filter(lambda share: share < 1 - 1e-9))
def test_the_wider_limit_is_a_share_above_the_limit(share: float) -> None:
    limit = wider(AbsoluteLimit(share))
    assert isinstance(limit, AbsoluteLimit)
    assert share < limit.share < 1
