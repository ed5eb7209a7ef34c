"""Measured values of serving pods, as one query of a metric family answers them."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Window(StrEnum):
    """Time over which a value is summed or averaged. There are few, so that units share them."""

    TEN_SECONDS = "10s"
    THIRTY_SECONDS = "30s"
    ONE_MINUTE = "1m"
    TWO_MINUTES = "2m"
    FIVE_MINUTES = "5m"
    TEN_MINUTES = "10m"

    @property
    def length(self) -> timedelta:
        """Return the length of the window.

        >>> Window.TWO_MINUTES.length
        datetime.timedelta(seconds=120)
        """
        unit = 60 if self.endswith("m") else 1
        return timedelta(seconds=int(self[:-1]) * unit)


class Unusable(StrEnum):
    """Why a sample has no value. None of these means zero."""

    NOT_A_NUMBER = "NotANumber"
    INFINITE = "Infinite"
    NEGATIVE = "Negative"
    LABEL_MISSING = "LabelMissing"
    LABEL_TOO_LONG = "LabelTooLong"


@dataclass(frozen=True, slots=True)
class PodName:
    """The namespace and the name that a series has for its pod."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of one pod, or why it has none."""

    pod: PodName | None
    """None for a family of the gateway's, which has no pods of units."""

    window: Window | None
    """None for a family that has no window."""

    labels: tuple[str, ...]
    """Values of the family's other labels, in the family's order; "" for one that is missing."""

    value: float | Unusable


@dataclass(frozen=True, slots=True)
class FamilySamples:
    """The answer for one family, of all pods that the query selects."""

    samples: tuple[Sample, ...]
    rows_without_pod: int
    """Rows that name no pod, or have a name that no pod can have."""

    rows_without_window: int
    """Rows of a family with windows that name none of them."""

    warnings: tuple[str, ...]
    """Prometheus' warnings. With any, samples may be missing."""


class NoValue(StrEnum):
    """Why a user's query has no value that can be compared."""

    NO_SERIES = "NoSeries"
    AMBIGUOUS = "Ambiguous"
    NOT_A_NUMBER = "NotANumber"
    INFINITE = "Infinite"


@dataclass(frozen=True, slots=True)
class QueryValue:
    """The answer to a user's query. Its value may be negative."""

    value: float | NoValue
    series: tuple[str, ...] = ()
    """Labels of the first series where there are several, as `{a="b"}`."""

    warnings: tuple[str, ...] = ()
