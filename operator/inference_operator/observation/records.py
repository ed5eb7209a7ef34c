"""Records of the cache, each one read and checked once: a pass asks for all of its unit."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from inference_operator.domain.names import UnitKey, revision_of_child
from inference_operator.domain.observed import RejectedRecord, RevisionRecord
from inference_operator.observation.store import Cache, name_of
from inference_operator.resources.controller_revision import claimed_number, read_record, unread

Body = Mapping[str, Any]
Record = RevisionRecord | RejectedRecord
Read = Callable[[Cache, Body, UnitKey], Record]
"""How a record is had."""

MOST_READ = 128
"""Records of one unit, besides the live ones: a history has 100 at most."""
_LEFT = f"it is not among the {MOST_READ} newest, and is not read"


def record_of(cache: Cache, body: Body, unit: UnitKey) -> Record:
    """Return the record in a ControllerRevision of the cache, or why it is not accepted."""
    known = _known(cache, body, unit)
    return read_into(cache, body, read_record(body, unit), unit) if known is None else known


def read_into(cache: Cache, body: Body, record: Record, unit: UnitKey) -> Record:
    """Keep what was read of a body, unless the cache has another one by now."""
    name = name_of(body)
    if cache.get("ControllerRevision", name) is body:
        cache.records[name] = (body, unit, record)
    return record


class Waiting:
    """Gives what was read before, and notes the others: they are to be read elsewhere."""

    def __init__(self) -> None:
        self.bodies: list[tuple[Body, UnitKey]] = []

    def __call__(self, cache: Cache, body: Body, unit: UnitKey) -> Record:
        known = _known(cache, body, unit)
        if known is not None:
            return known
        self.bodies.append((body, unit))
        return unread(body, "it changes before it is read")


def records(
    cache: Cache, bodies: Iterable[Body], unit: UnitKey, live: Collection[str], read: Read
) -> list[Record]:
    """Return the unit's records: the live revisions and the newest ones are read, the others only
    counted, so that thousands of forged ones take no time."""
    newest = sorted(bodies, key=lambda body: (-claimed_number(body), name_of(body)))
    in_use = [body for body in newest if revision_of_child(name_of(body)[1]) in live]
    others = [body for body in newest if revision_of_child(name_of(body)[1]) not in live]
    chosen = [*in_use, *others[:MOST_READ]]
    return [
        *(read(cache, body, unit) for body in chosen),
        *(unread(body, _LEFT) for body in others[MOST_READ:]),
    ]


def _known(cache: Cache, body: Body, unit: UnitKey) -> Record | None:
    known = cache.records.get(name_of(body))
    return known[2] if known is not None and known[0] is body and known[1] == unit else None
