"""Reader of stored records: checks each one once, since each pass reads all of its unit."""

from collections.abc import Callable, Collection, Iterable

from inference_operator.domain.body import Body
from inference_operator.domain.names import UnitKey, revision_of_child
from inference_operator.domain.observed import RejectedRecord, RevisionRecord
from inference_operator.observation.identity import name_of
from inference_operator.observation.store import Store
from inference_operator.resources.controller_revision import claimed_number, read_record, unread

Record = RevisionRecord | RejectedRecord
Read = Callable[[Store, Body, UnitKey], Record]
"""Returns the record in a ControllerRevision of the store."""

MOST_READ = 128
"""Records of one unit, besides the live ones: a history has 100 at most."""
_LEFT = f"it is not among the {MOST_READ} newest, and is not read"


def record_of(store: Store, body: Body, unit: UnitKey) -> Record:
    """Return the record in a ControllerRevision of the store, or why it is not accepted."""
    record = _already_read(store, body, unit)
    return read_into(store, body, read_record(body, unit), unit) if record is None else record


def read_into(store: Store, body: Body, record: Record, unit: UnitKey) -> Record:
    """Remember the record of a body, unless the store has a newer body."""
    name = name_of(body)
    if store.get("ControllerRevision", name) is body:
        store.records[name] = (body, unit, record)
    return record


class Waiting:
    """Reader that returns known records, and collects the bodies that are still to be read."""

    def __init__(self) -> None:
        self.bodies: list[tuple[Body, UnitKey]] = []

    def __call__(self, store: Store, body: Body, unit: UnitKey) -> Record:
        record = _already_read(store, body, unit)
        if record is not None:
            return record
        self.bodies.append((body, unit))
        return unread(body, "it changes before it is read")


def records(
    store: Store, bodies: Iterable[Body], unit: UnitKey, live: Collection[str], read: Read
) -> list[Record]:
    """Return the unit's records. Only the live revisions and the newest ones are read; the others
    are counted, so that thousands of forged ones cost no time."""
    newest = sorted(bodies, key=lambda body: (-claimed_number(body), name_of(body)))
    in_use = [body for body in newest if revision_of_child(name_of(body)[1]) in live]
    others = [body for body in newest if revision_of_child(name_of(body)[1]) not in live]
    chosen = [*in_use, *others[:MOST_READ]]
    return [
        *(read(store, body, unit) for body in chosen),
        *(unread(body, _LEFT) for body in others[MOST_READ:]),
    ]


def _already_read(store: Store, body: Body, unit: UnitKey) -> Record | None:
    entry = store.records.get(name_of(body))
    return entry[2] if entry is not None and entry[0] is body and entry[1] == unit else None
