"""How much there is to plan: the time of a plan grows with it."""

from collections.abc import Mapping

from inference_operator.domain.observed import Observed

# Of characters and parts, of which a common spec has a few thousand: some 50 ms of planning.
_LARGE = 12_000
_PART = 20


def is_large(seen: Observed) -> bool:
    """Return whether planning may take more than some 50 ms: for that the spec, what its steps
    refer to or what the registry says of it must be far larger than people write."""
    pins = (there.stable for there in seen.references.values() if there.stable is not None)
    foreign = sum(len(text) for pin in pins for text in pin.repository.values())
    return foreign > _LARGE or _exceeds(seen.spec, _LARGE - foreign)


def _exceeds(value: object, room: int) -> bool:
    """Whether a value of JSON has more than that; looks no further than it must."""
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
