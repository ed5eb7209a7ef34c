"""Folds go forward in time, keep their distance, and leave the last period alone."""

from itertools import pairwise

import numpy as np
import pytest

from tests.unit.training.data.shares import share
from training.data.failure import DataError
from training.data.prices import Windows, load_prices, split, windows
from training.data.walk_forward import folds, held_out


@pytest.fixture(scope="module")
def samples() -> Windows:
    return windows({"A": share(2000, 1), "B": share(2000, 2)})


@pytest.mark.parametrize("purge_days", [0, 7, 30])
@pytest.mark.parametrize("count", [1, 3, 6])
def test_parts_of_a_fold_are_in_order_with_a_gap(
    samples: Windows, count: int, purge_days: int
) -> None:
    gap = np.timedelta64(purge_days, "D")
    cuts = folds(samples, count, purge_days)
    assert len(cuts) == count
    for parts in cuts:
        assert parts.train.target.max() + gap <= parts.validation.first.min()
        assert parts.validation.target.max() + gap <= parts.test.first.min()
        assert min(len(parts.train), len(parts.validation), len(parts.test)) > 20


def test_each_fold_learns_from_more_and_is_judged_later(samples: Windows) -> None:
    cuts = folds(samples, 4)
    for before, after in pairwise(cuts):
        assert len(after.train) > len(before.train)
        assert before.test.target.max() < after.test.target.min()


def test_no_day_is_tested_on_twice(samples: Windows) -> None:
    days = np.concatenate([np.unique(parts.test.target) for parts in folds(samples, 5)])
    assert len(days) == len(np.unique(days))


def test_the_first_fold_learns_from_two_fifths_of_the_days(samples: Windows) -> None:
    days, learnt = np.unique(samples.target), np.unique(folds(samples, 4)[0].train.target)
    assert len(learnt) == int(0.4 * len(days))


def test_the_last_period_is_in_no_fold(samples: Windows) -> None:
    before, period = held_out(samples, share=0.2, purge_days=7)
    assert len(samples) * 0.15 < len(period) < len(samples) * 0.2
    gap = np.timedelta64(7, "D")
    for parts in folds(before, 4):
        last = max(parts.train.target.max(), parts.validation.target.max(), parts.test.target.max())
        assert last + gap <= period.first.min()


def test_the_last_period_is_the_test_part_of_a_split() -> None:
    real = windows(load_prices().bars, stride=4)
    before, period = held_out(real)
    assert np.array_equal(period.inputs, split(real).test.inputs)
    assert [len(parts.test) for parts in folds(before, 3)] == [272, 275, 273]


def test_more_folds_than_there_is_time_for_are_refused(samples: Windows) -> None:
    with pytest.raises(DataError, match="fold 1 of 40: found no window for validation"):
        folds(samples, 40)


@pytest.mark.parametrize(("count", "purge_days"), [(0, 7), (-1, 7), (2, -1)])
def test_impossible_folds_are_refused(samples: Windows, count: int, purge_days: int) -> None:
    with pytest.raises(DataError, match=f"found count {count} and purge_days {purge_days}"):
        folds(samples, count, purge_days)


def test_no_windows_have_no_folds() -> None:
    with pytest.raises(DataError, match="found no windows"):
        folds(windows({"tiny": share(60)}))


@pytest.mark.parametrize("share_of_days", [0.0, 1.0, -0.5])
def test_a_last_period_of_nothing_or_all_is_refused(samples: Windows, share_of_days: float) -> None:
    with pytest.raises(DataError, match="expected more than 0 and less than 1"):
        held_out(samples, share_of_days)
