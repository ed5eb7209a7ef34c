"""How much there is to plan: the time of a plan grows with it."""

from collections.abc import Iterable, Mapping

from inference_operator.domain.observed import Observed
from inference_operator.domain.pins import Pin
from inference_operator.domain.resolution import Resolved

# Of characters and parts, of which a common spec has a few thousand: some 50 ms of planning.
_LARGE = 12_000
_PART = 20


def is_large(seen: Observed) -> bool:
    """Return whether planning may take more than some 50 ms: for that the spec, what its steps
    refer to or referred to, or what the registry says of it must be far larger than people write.
    """
    foreign = _pinned(seen) + _resolved(seen)
    return foreign > _LARGE or exceeds(seen.spec, _LARGE - foreign)


def _pinned(seen: Observed) -> int:
    """Characters that may be parsed: of each resource the newest, and one that is pinned."""
    newest = (there.stable for there in seen.references.values() if there.stable is not None)
    steps = (step for record in seen.revisions.values() for step in record.steps)
    older: dict[tuple[str, str], int] = {}
    for pin in (step.pin for step in steps if step.pin is not None):
        named = (pin.kind, pin.name)
        older[named] = max(older.get(named, 0), _characters(pin))
    return sum(map(_characters, newest)) + sum(older.values())


def _characters(pin: Pin) -> int:
    return sum(map(len, pin.repository.values()))


def _resolved(seen: Observed) -> int:
    """What the registry said now, and what it said of the largest record, is completed and checked;
    all records are compared with what is live."""
    records = [
        sum(map(_parts, _all_resolved(record.resolved, (step.resolved for step in record.steps))))
        for record in seen.revisions.values()
    ]
    answers = (answer for answer in seen.resolutions.values() if isinstance(answer, Resolved))
    parts = sum(map(_parts, answers)) + max(records, default=0)
    return _PART * parts + sum(records)


def _all_resolved(one: Resolved | None, others: Iterable[Resolved | None]) -> Iterable[Resolved]:
    return (resolved for resolved in (one, *others) if resolved is not None)


def _parts(resolved: Resolved) -> int:
    tensors = (*(resolved.facts.inputs or ()), *(resolved.facts.outputs or ()))
    return sum(1 + len(tensor.shape) for tensor in tensors)


def exceeds(value: object, room: int) -> bool:
    """Return whether a value of JSON has more characters and parts than that; looks no further
    than it must."""
    waiting = [value]
    while waiting and room >= 0:
        one = waiting.pop()
        room -= len(one) if isinstance(one, str) else _PART
        if isinstance(one, Mapping):
            room -= sum(map(len, one))
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
    return room < 0
