"""Coverage of a track: how many of its pods have usable values, and what the others lack."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inference_operator.api.quoting import beginning
from inference_operator.domain.measurement import Family, NoAnswer, Sweep
from inference_operator.planning.measuring.collecting import Views
from inference_operator.planning.measuring.counters import Gap, Missing

LEAST_STABLE_SHARE = 0.8
PARTIAL, INCOMPLETE = "Partial", "Incomplete"
_WORDS_LENGTH = 200
_SAYS = {
    Missing.NO_SERIES: "no series",
    Missing.STALE: "a newest sample that is too old or of the future",
    Missing.NOT_FINITE: "a value that is no count",
    Missing.LABEL_MISSING: "a row without a label that it must have",
    Missing.TOO_MANY: "too many series",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why values are not there, as a CamelCase word and as a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """The pods of one track, as far as the families of one metric are concerned."""

    pods: int
    usable: int
    young: int
    gaps: tuple[tuple[str, Gap], ...] = ()
    """The pods without usable values, by name."""

    @property
    def missing(self) -> int:
        return len(self.gaps)

    @property
    def is_whole(self) -> bool:
        return 0 < self.pods == self.usable

    @property
    def is_enough(self) -> bool:
        """Whether so many pods have values that they stand for all of the stable revision's."""
        return self.usable > 0 and self.usable >= LEAST_STABLE_SHARE * (self.pods - self.young)

    def trouble(self, track: str, sweep: Sweep) -> Trouble | None:
        """Return what is wrong with the pods of the track, if anything is."""
        if not self.gaps:
            return None
        reasons = Counter(gap.reason for _, gap in self.gaps)
        reason = max(reasons, key=lambda each: reasons[each])
        name, gap = next(item for item in self.gaps if item[1].reason is reason)
        number = f"{self.missing} of {self.pods} pods of the {track}"
        words = f"{number} have {said(gap)} (such as {name})"
        if reason is Missing.NO_SERIES:
            words += _hint(sweep)
        is_partial = self.usable > 0 and reason is Missing.NO_SERIES
        return Trouble(PARTIAL if is_partial else reason.value, words)


def said(gap: Gap) -> str:
    """Return what is there in place of usable values, with the value or the age.

    >>> said(Gap(Missing.STALE, "90 s old"))
    'a newest sample that is too old or of the future: 90 s old'
    """
    return f"{_SAYS[gap.reason]}: {gap.words}" if gap.words else _SAYS[gap.reason]


def coverage(views: Views, families: frozenset[Family]) -> Coverage:
    """Return which pods have values of the families."""
    usable = young = 0
    gaps: list[tuple[str, Gap]] = []
    for name, view in views.items():
        gap = view.gap or (_gap_of(view.memory.last.gaps, families) if view.memory else None)
        if gap is not None and gap.reason is Missing.YOUNG:
            young += 1
        elif gap is not None:
            gaps.append((name, gap))
        elif view.memory is None or not view.memory.is_counted:
            young += 1
        else:
            usable += 1
    return Coverage(len(views), usable, young, tuple(gaps))


def _gap_of(gaps: Mapping[Family, Gap], families: Iterable[Family]) -> Gap | None:
    return next((gaps[family] for family in sorted(families) if family in gaps), None)


def no_answer(sweep: Sweep, families: Iterable[Family]) -> NoAnswer | None:
    """Return why one of the families has no answer; None if all have one."""
    for family in sorted(families):
        answer = sweep.families.get(family)
        if isinstance(answer, NoAnswer):
            return answer
    return None


def crowded(sweep: Sweep, namespace: str) -> frozenset[Family]:
    """Return the families of which a namespace has more series than an answer."""
    return frozenset(
        family
        for family, answer in sweep.families.items()
        if not isinstance(answer, NoAnswer) and namespace in answer.crowded
    )


def warning_of(sweep: Sweep, families: Iterable[Family]) -> str:
    """Return Prometheus' warning about one of the families; empty if there is none."""
    for family in sorted(families):
        answer = sweep.families.get(family)
        if answer is not None and not isinstance(answer, NoAnswer) and answer.warnings:
            return beginning(answer.warnings[0], _WORDS_LENGTH)
    return ""


def unread(sweep: Sweep, families: Iterable[Family]) -> frozenset[Family]:
    """Return those of the families that have no answer, or one that may lack rows."""
    return frozenset(
        family for family in families if no_answer(sweep, [family]) or warning_of(sweep, [family])
    )


def _hint(sweep: Sweep) -> str:
    """Return why series may be missing: what Prometheus answered about others."""
    answer = sweep.families.get(Family.FRESHNESS)
    without = 0 if answer is None or isinstance(answer, NoAnswer) else answer.rows_without_pod
    if without:
        return f"; {without:,} rows have no label of a pod: correct the scrape configuration"
    others = len(sweep.by_pod)
    if others:
        return f"; Prometheus has series of {others:,} other pods: is this one scraped?"
    return (
        "; Prometheus has no series of Triton: apply manifests/monitoring, or correct the selector"
    )
