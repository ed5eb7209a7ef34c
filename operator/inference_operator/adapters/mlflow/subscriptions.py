"""What units ask the registry: their sources, by unit, and by what one request answers."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from inference_operator.adapters.mlflow.registry_secrets import Place
from inference_operator.api import ensemble_pipeline
from inference_operator.domain.names import UnitKey
from inference_operator.domain.resolution import RegistryUri, SourceKey


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a unit asks of one of its sources: what it is, with a Secret of which namespace."""

    source: SourceKey
    subject: str
    """What one request asks about; see `RegistryUri.subject`."""

    place: Place


def subscriptions_in(unit: UnitKey, spec: object) -> tuple[Subscription, ...]:
    """From a spec as it was written, which may be anything; equal sources are one."""
    found = (_asked_of(unit, source) for source in _sources(unit, spec))
    return tuple(dict.fromkeys(asked for asked in found if asked is not None))


class Subscriptions:
    """What each unit asks now."""

    def __init__(self) -> None:
        self._of_unit: dict[UnitKey, tuple[Subscription, ...]] = {}
        # By subject; a dict for its order.
        self._askers: dict[str, dict[UnitKey, None]] = {}

    def put(self, unit: UnitKey, wanted: tuple[Subscription, ...]) -> bool:
        """Let the unit ask this and nothing else; False where that is what it asks."""
        before = self._of_unit.get(unit, ())
        if before == wanted:
            return False
        for subject in {asked.subject for asked in before}:
            del self._askers[subject][unit]
            if not self._askers[subject]:
                del self._askers[subject]
        self._of_unit.pop(unit, None)
        if wanted:
            self._of_unit[unit] = wanted
        for asked in wanted:
            self._askers.setdefault(asked.subject, {})[unit] = None
        return True

    def of(self, unit: UnitKey) -> tuple[Subscription, ...]:
        return self._of_unit.get(unit, ())

    def about(self, subject: str) -> set[Subscription]:
        """All that is asked about the subject, by whomever."""
        return {
            a for unit in self.subscribers(subject) for a in self.of(unit) if a.subject == subject
        }

    def subscribers(self, subject: str) -> tuple[UnitKey, ...]:
        return tuple(self._askers.get(subject, ()))

    def all(self) -> set[Subscription]:
        return {asked for mine in self._of_unit.values() for asked in mine}

    @property
    def subjects(self) -> Set[str]:
        return self._askers.keys()


def _sources(unit: UnitKey, spec: object) -> Iterator[Any]:
    if unit.kind == ensemble_pipeline.KIND:
        steps = _within(spec, "steps")
        for step in steps if isinstance(steps, list) else ():
            yield _within(step, "model", "source")
    else:
        yield _within(spec, "model", "source")


def _asked_of(unit: UnitKey, source: object) -> Subscription | None:
    uri, secret = _within(source, "uri"), _within(source, "secretRef", "name")
    parts = RegistryUri.of(uri) if isinstance(uri, str) else None
    if parts is None:
        return None
    key = SourceKey(str(uri), str(secret or ""))
    return Subscription(key, parts.subject, (unit.namespace if key.secret else "", key.secret))


def _within(body: Any, *path: str) -> Any:
    """What a body has there; None where it has no such place."""
    for field in path:
        body = body.get(field) if isinstance(body, Mapping) else None
    return body
