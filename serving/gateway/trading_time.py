"""Time that counts between two moments: that within given intervals, such as sessions."""

from dataclasses import dataclass

import numpy as np

from model_builders.features.bars import Times

_UNIT = "datetime64[ms]"


@dataclass(frozen=True, slots=True, eq=False)
class CountedTime:
    """Intervals [n], in order and apart from each other; before and after all of them, each second
    counts, so that bars do not stay fresh where a calendar ends."""

    begins: Times
    ends: Times

    @classmethod
    def of(cls, begins: Times, ends: Times) -> "CountedTime":
        """Sort the intervals; ValueError if there is none, or if they overlap."""
        order = np.argsort(begins, kind="stable")
        begins, ends = begins[order].astype(_UNIT), ends[order].astype(_UNIT)
        if not len(begins) or (ends < begins).any() or (begins[1:] < ends[:-1]).any():
            raise ValueError("intervals: found none, or some that overlap, expected a calendar")
        return cls(begins, ends)

    def elapsed(self, begin: np.datetime64, end: np.datetime64) -> np.timedelta64:
        """Return the time that counts from `begin` to `end`.

        >>> days = np.array(["2026-11-27", "2026-11-30"], "datetime64[ms]")
        >>> time = CountedTime.of(days, days + np.timedelta64(1, "D"))
        >>> time.elapsed(np.datetime64("2026-11-27T16"), np.datetime64("2026-11-30T16"))
        np.timedelta64(86400000,'ms')
        """
        difference: np.timedelta64 = self._counted(end) - self._counted(begin)
        return difference

    def _counted(self, when: np.datetime64) -> np.timedelta64:
        """Return the time that counts from the first interval's begin on; negative before it."""
        moment = when.astype(_UNIT)
        nothing = np.timedelta64(0, "ms")
        lengths = np.minimum(self.ends, moment) - self.begins
        within = lengths[lengths > nothing].sum() if len(lengths) else nothing
        before = min(moment - self.begins[0], nothing)
        after = max(moment - self.ends[-1], nothing)
        total: np.timedelta64 = before + within + after
        return total
