"""Subscriptions of units to sources in the registry, by unit and by subject."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from inference_operator.adapters.mlflow.registry_secrets import SecretKey
from inference_operator.api import ensemble_pipeline
from inference_operator.domain.names import UnitKey
from inference_operator.domain.resolution import RegistryUri, SourceKey


@dataclass(frozen=True, slots=True)
class Subscription:
    """A source that a unit asks the registry about, and the Secret for the request."""

    source: SourceKey
    subject: str
    """The subject of one request; see `RegistryUri.subject`."""

    secret: SecretKey


def subscriptions_in(unit: UnitKey, spec: object) -> tuple[Subscription, ...]:
    """Return the subscriptions of an unchecked spec, which may be anything; each source once."""
    subscriptions = (_subscription(unit, source) for source in _sources(unit, spec))
    return tuple(dict.fromkeys(each for each in subscriptions if each is not None))


class Subscriptions:
    """The current subscriptions of all units."""

    def __init__(self) -> None:
        self._by_unit: dict[UnitKey, tuple[Subscription, ...]] = {}
        # By subject; a dict for its order.
        self._subscribers: dict[str, dict[UnitKey, None]] = {}

    def put(self, unit: UnitKey, subscriptions: tuple[Subscription, ...]) -> bool:
        """Replace the unit's subscriptions; False where nothing changes."""
        before = self._by_unit.get(unit, ())
        if before == subscriptions:
            return False
        for subject in {subscription.subject for subscription in before}:
            del self._subscribers[subject][unit]
            if not self._subscribers[subject]:
                del self._subscribers[subject]
        self._by_unit.pop(unit, None)
        if subscriptions:
            self._by_unit[unit] = subscriptions
        for subscription in subscriptions:
            self._subscribers.setdefault(subscription.subject, {})[unit] = None
        return True

    def of(self, unit: UnitKey) -> tuple[Subscription, ...]:
        return self._by_unit.get(unit, ())

    def for_subject(self, subject: str) -> set[Subscription]:
        """Return all units' subscriptions to the subject."""
        subscribers = self.subscribers(subject)
        return {each for unit in subscribers for each in self.of(unit) if each.subject == subject}

    def subscribers(self, subject: str) -> tuple[UnitKey, ...]:
        return tuple(self._subscribers.get(subject, ()))

    def all(self) -> set[Subscription]:
        return {subscription for mine in self._by_unit.values() for subscription in mine}

    @property
    def subjects(self) -> Set[str]:
        return self._subscribers.keys()


def _sources(unit: UnitKey, spec: object) -> Iterator[Any]:
    if unit.kind == ensemble_pipeline.KIND:
        steps = _within(spec, "steps")
        for step in steps if isinstance(steps, list) else ():
            yield _within(step, "model", "source")
    else:
        yield _within(spec, "model", "source")


def _subscription(unit: UnitKey, source: object) -> Subscription | None:
    uri, secret = _within(source, "uri"), _within(source, "secretRef", "name")
    parts = RegistryUri.of(uri) if isinstance(uri, str) else None
    if parts is None:
        return None
    key = SourceKey(str(uri), str(secret or ""))
    return Subscription(key, parts.subject, (unit.namespace if key.secret else "", key.secret))


def _within(body: Any, *path: str) -> Any:
    """Return the value at a path of a body; None where the path does not exist."""
    for field in path:
        body = body.get(field) if isinstance(body, Mapping) else None
    return body
