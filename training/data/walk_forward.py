"""Walk-forward folds: learn from the past, judge by what followed, and again from later on."""

import numpy as np
import numpy.typing as npt

from training.data.failure import DataError
from training.data.prices import Split, Windows, cut

# Share of days before the first test: a fold trained on little data gives a poor estimate.
_LEARN_FIRST = 0.4


def held_out(samples: Windows, share: float = 0.15, purge_days: int = 7) -> tuple[Windows, Windows]:
    """Split off the last `share` of days; the two parts are `purge_days` apart.

    The period is the test part of `prices.split` with its own shares: folds of the
    earlier part do not see it.
    """
    if not 0 < share < 1:
        raise DataError(f"share: found {share}, expected more than 0 and less than 1")
    days = _days(samples)
    begin = days[int(len(days) * (1 - share))]
    before = samples.target < begin
    after = samples.first >= begin + np.timedelta64(purge_days, "D")
    return samples[before], samples[after]


def folds(samples: Windows, count: int = 4, purge_days: int = 7) -> tuple[Split, ...]:
    """Return `count` folds in order of time; each trains on all days before it.

    The days after the first 40 % are cut into `count` + 1 equal stretches. Fold k validates on
    stretch k and tests on stretch k + 1, so that no day is tested on twice. Within a fold the
    parts are as far apart as those of `prices.split`. Raises DataError where a part would be empty.
    """
    if count < 1 or purge_days < 0:
        raise DataError(
            f"folds: found count {count} and purge_days {purge_days}, expected 1 fold or more and"
            " 0 days or more"
        )
    days = _days(samples)
    edges = np.linspace(_LEARN_FIRST * len(days), len(days), count + 2).astype(int)
    cuts = []
    for number in range(count):
        first, second, end = (_day(days, edge) for edge in edges[number : number + 3])
        parts = cut(samples[samples.target < end], (first, second), purge_days)
        _check(parts, number + 1, count)
        cuts.append(parts)
    return tuple(cuts)


def _days(samples: Windows) -> npt.NDArray[np.datetime64]:
    if not len(samples):
        raise DataError("samples: found no windows, expected shares with more than 60 bars")
    return np.unique(samples.target)


def _day(days: npt.NDArray[np.datetime64], number: int) -> np.datetime64:
    """Return the day of that number; the day after the last one for their count."""
    if number < len(days):
        return np.datetime64(days[number])
    return np.datetime64(days[-1] + np.timedelta64(1, "D"))


def _check(parts: Split, number: int, count: int) -> None:
    sizes = {name: len(getattr(parts, name)) for name in ("train", "validation", "test")}
    for name, size in sizes.items():
        if not size:
            raise DataError(
                f"fold {number} of {count}: found no window for {name}, expected one or more in"
                " each part; ask for fewer folds or less purge_days, or give more days"
            )
