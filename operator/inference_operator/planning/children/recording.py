"""The record of the revision to reach: the one there is, or a new one."""

from collections.abc import Mapping
from dataclasses import dataclass

from inference_operator.domain.observed import Observed, RejectedRecord, RevisionRecord
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.planning.children.rejected_records import describe, may_replace, stays
from inference_operator.resources.controller_revision import MOST_REVISIONS, new_record


@dataclass(frozen=True, slots=True)
class Recording:
    """The records of a unit after the pass."""

    unit: ServingUnit | None
    """The unit to reach, with the number of its revision."""

    written: Mapping[str, RevisionRecord]
    """Records whose children are written."""

    shown: Mapping[str, RevisionRecord]
    """Records that the status describes."""

    replaced: RejectedRecord | None = None
    """A record that is deleted, so that the next pass can write a new one."""

    rejected: str = ""
    """Why the revision to reach is not written, if its record is not accepted."""


def recorded(seen: Observed, unit: ServingUnit | None, state: RolloutState) -> Recording:
    """Return the records with that of the unit's revision.

    A new record replaces a rejected one only if that restarts no pod. Until then nothing of the
    revision is written, and its pods stay.
    """
    records = seen.children.revisions
    if unit is None:
        return Recording(None, records, records)
    existing = records.get(unit.revision)
    number = _next_number(seen, unit.revision)
    unit = unit.numbered(existing.version if existing else number)
    if existing is not None or unit.revision not in state.live:
        return Recording(unit, records, records)
    fresh = new_record(unit, number)
    with_fresh = {**records, fresh.revision: fresh}
    rejected = seen.rejected_of(unit.revision)
    if rejected is None:
        return Recording(unit, with_fresh, with_fresh)
    if may_replace(seen, fresh):
        return Recording(unit, records, with_fresh, replaced=rejected)
    sentence = f"{describe(rejected)}; {stays(unit.revision)}"
    return Recording(unit, records, records, rejected=sentence)


def _next_number(seen: Observed, revision: str) -> int:
    """Return a number that no other revision has, in accepted or rejected records."""
    own = seen.rejected_of(revision)
    rejected = (record.number for record in seen.children.rejected.values() if record is not own)
    accepted = (record.number for record in seen.children.revisions.values())
    return min(1 + max((*accepted, *rejected), default=0), MOST_REVISIONS)
