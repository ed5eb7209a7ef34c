"""Judgement of one limit: whether a canary exceeds it, keeps it, or is not known yet."""

import math
from dataclasses import dataclass, field
from enum import StrEnum

from model_builders.statistics.counts import AbsoluteLimit, Limit, RelativeLimit, Window
from model_builders.statistics.evidence import Evidence, updated

# Largest probability that a canary of independent requests, which keeps a limit, is judged to
# exceed it, however often it is judged.
ALPHA = 0.01
# A canary keeps a limit with evidence that it is below this multiple of it.
PASS_MARGIN = 2.0


class Outcome(StrEnum):
    EXCEEDED = "Exceeded"
    KEPT = "Kept"
    UNDECIDED = "Undecided"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Evidence about a limit so far: that it is exceeded, and that its double is kept.

    >>> from model_builders.statistics.counts import Counts
    >>> limit = RelativeLimit(1.5)
    >>> Judgement().outcome.value
    'Undecided'
    >>> bad = Window(canary=Counts(150, 8), stable=Counts(1350, 7))
    >>> Judgement().after(bad, limit).outcome.value
    'Exceeded'
    >>> good = Window(canary=Counts(9000, 45), stable=Counts(81000, 405))
    >>> Judgement().after(good, limit).outcome.value
    'Kept'
    """

    exceeded: Evidence = field(default_factory=Evidence)
    kept: Evidence = field(default_factory=Evidence)

    def after(self, window: Window, limit: Limit, inflation: float = 1.0) -> "Judgement":
        """Return the judgement with one more window, which may not overlap those before.

        `inflation` is that of `dispersion.variance_inflation`.
        """
        return Judgement(
            updated(self.exceeded, window, limit, inflation),
            updated(self.kept, window, wider(limit), inflation),
        )

    @property
    def outcome(self) -> Outcome:
        """Return what the evidence says now.

        ALPHA counts each time that it is looked at. So act when it says `EXCEEDED` first.
        """
        goal = math.log(1 / ALPHA)
        if self.exceeded.log_above >= goal:
            return Outcome.EXCEEDED
        return Outcome.KEPT if self.kept.log_below >= goal else Outcome.UNDECIDED


def wider(limit: Limit) -> Limit:
    """Return twice the limit; for a share near 1, the middle between it and 1.

    >>> wider(AbsoluteLimit(0.01)), wider(AbsoluteLimit(0.8)), wider(RelativeLimit(1.5))
    (AbsoluteLimit(share=0.02), AbsoluteLimit(share=0.9), RelativeLimit(ratio=3.0))
    """
    if isinstance(limit, RelativeLimit):
        return RelativeLimit(PASS_MARGIN * limit.ratio)
    return AbsoluteLimit(min(PASS_MARGIN * limit.share, (1 + limit.share) / 2))
