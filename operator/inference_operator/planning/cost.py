"""The size of a unit's inputs, which decides how long planning takes."""

from collections.abc import Iterable, Mapping

from inference_operator.domain.observed import Observed
from inference_operator.domain.pins import Pin
from inference_operator.domain.resolution import Resolved

# Characters and parts. A common spec has a few thousand; this many take about 50 ms to plan.
_LARGE = 12_000
_PART = 20


def is_large(seen: Observed) -> bool:
    """Return whether planning may take more than about 50 ms.

    The spec, its pinned models or the registry's answers are then far larger than usual.
    """
    foreign = _pinned(seen) + _resolved(seen)
    return foreign > _LARGE or exceeds(seen.spec, _LARGE - foreign)


def _pinned(seen: Observed) -> int:
    """Count the characters of the newest revision and the largest pin of each resource."""
    newest = (there.stable for there in seen.inputs.references.values() if there.stable is not None)
    steps = (step for record in seen.children.revisions.values() for step in record.steps)
    older: dict[tuple[str, str], int] = {}
    for pin in (step.pin for step in steps if step.pin is not None):
        named = (pin.kind, pin.name)
        older[named] = max(older.get(named, 0), _characters(pin))
    return sum(map(_characters, newest)) + sum(older.values())


def _characters(pin: Pin) -> int:
    return sum(map(len, pin.repository.values()))


def _resolved(seen: Observed) -> int:
    """Count the parts of the registry's answers and the largest record, which planning checks. Add
    those of all records, which it compares."""
    records = [
        sum(map(_parts, _all_resolved(record.resolved, (step.resolved for step in record.steps))))
        for record in seen.children.revisions.values()
    ]
    answers = (
        answer for answer in seen.inputs.resolutions.values() if isinstance(answer, Resolved)
    )
    parts = sum(map(_parts, answers)) + max(records, default=0)
    return _PART * parts + sum(records)


def _all_resolved(first: Resolved | None, others: Iterable[Resolved | None]) -> Iterable[Resolved]:
    return (resolved for resolved in (first, *others) if resolved is not None)


def _parts(resolved: Resolved) -> int:
    tensors = (*(resolved.facts.inputs or ()), *(resolved.facts.outputs or ()))
    return sum(1 + len(tensor.shape) for tensor in tensors)


def exceeds(value: object, room: int) -> bool:
    """Return whether a JSON value has more characters and parts than `room`; stop once it has."""
    waiting = [value]
    while waiting and room >= 0:
        part = waiting.pop()
        room -= len(part) if isinstance(part, str) else _PART
        if isinstance(part, Mapping):
            room -= sum(map(len, part))
            waiting += part.values()
        elif isinstance(part, list | tuple):
            waiting += part
    return room < 0
