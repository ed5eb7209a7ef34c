"""Needs of one sweep: the queries by which all questions can be answered."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from inference_operator.api.analysis import Window
from inference_operator.domain.measurement import Family, NoAnswer, Outage, PodName, ServiceName

MOST_QUERIES = 50
"""Distinct texts of users' queries that one sweep asks."""

_SWITCHED_OFF = NoAnswer(
    Outage.REFUSED,
    "queries of users are switched off: INFERENCE_OPERATOR_PROMETHEUS_QUERIES is Disabled",
)
_TOO_MANY = NoAnswer(
    Outage.REFUSED,
    f"not asked: all units together have more than {MOST_QUERIES} distinct queries; write"
    " recording rules, or fewer queries",
)


@dataclass(frozen=True, slots=True)
class Ask:
    """What one question needs of a sweep."""

    namespace: str
    """Namespace of the unit."""

    families: frozenset[Family]
    windows: frozenset[Window]
    queries: tuple[str, ...] = ()
    """Distinct texts of users."""

    pods: frozenset[PodName] = frozenset()
    services: frozenset[ServiceName] = frozenset()
    """The Services of which a gateway's histogram may be needed."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The queries of one sweep."""

    families: tuple[Family, ...]
    windows: tuple[Window, ...]
    """Windows of the families that have some."""

    queries: tuple[str, ...] = ()
    """Distinct texts of users."""

    unasked: Mapping[str, NoAnswer] = field(default_factory=dict)
    """Texts of users that are not asked, and why."""

    pods: frozenset[PodName] = frozenset()
    """The pods that the questions are about."""

    services: frozenset[ServiceName] = frozenset()
    """The Services of which a gateway's histogram may be needed."""


def needs_of(asks: Iterable[Ask], allows_queries: bool) -> Needs:
    """Return what to ask, in the order of the asks; each query and each family once."""
    families: set[Family] = set()
    windows: set[Window] = set()
    texts: dict[str, dict[str, None]] = {}
    pods: set[PodName] = set()
    services: set[ServiceName] = set()
    for ask in asks:
        families |= ask.families
        windows |= ask.windows
        own = texts.setdefault(ask.namespace, {})
        own |= dict.fromkeys(ask.queries)
        pods |= ask.pods
        services |= ask.services
    every = tuple(dict.fromkeys(_in_turn(texts.values())))
    asked = every[:MOST_QUERIES] if allows_queries else ()
    why = _TOO_MANY if allows_queries else _SWITCHED_OFF
    return Needs(
        tuple(each for each in Family if each in families),
        tuple(each for each in Window if each in windows),
        asked,
        dict.fromkeys(every[len(asked) :], why),
        frozenset(pods),
        frozenset(services),
    )


def _in_turn(groups: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield one of each namespace in turn, so that none takes all places.

    >>> list(_in_turn([["a", "b", "c"], ["d"], []]))
    ['a', 'd', 'b', 'c']
    """
    waiting = [iter(group) for group in groups]
    while waiting:
        left = []
        for group in waiting:
            text = next(group, None)
            if text is not None:
                yield text
                left.append(group)
        waiting = left
