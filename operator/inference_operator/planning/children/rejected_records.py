"""Handling of records that are not accepted: their replacement and the reports."""

from dataclasses import replace
from datetime import datetime, timedelta

from inference_operator.api.decision_status import DECISION_MESSAGE_LENGTH
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.names import ChildKey, revision_child_name, revision_of_child
from inference_operator.domain.observed import Observed, RejectedRecord, RevisionRecord
from inference_operator.domain.rollout_state import Decision, RolloutState
from inference_operator.planning.children.drift import drift
from inference_operator.planning.plan import Delete, Plan, key_of
from inference_operator.resources.record_shape import children_mismatch

# Further records are only counted: a client that writes one may write a thousand.
_REPORTED = 3
# The limit of decisions in a period: each is an Event, and each edit of a record may cause one.
_MOST_DECISIONS, _PERIOD = 3, timedelta(minutes=10)


def may_replace(seen: Observed, fresh: RevisionRecord) -> bool:
    """Return whether a new record can replace the rejected one without harm to any pod.

    Nothing of the revision runs then, or the live children equal the new record's.
    """
    if children_mismatch(seen.owner.key, fresh.revision, fresh.children) is not None:
        return False
    live = {key_of(child): seen.children.live.get(key_of(child)) for child in fresh.children}
    if live[ChildKey("Deployment", _name(seen, fresh.revision))] is None:
        return not seen.children.pods_of(fresh.revision)
    pairs = ((live[key_of(child)], child) for child in fresh.children)
    return all(body is None or drift(body, child) is None for body, child in pairs)


def deletion(seen: Observed, record: RejectedRecord) -> tuple[Delete, ...]:
    """Return the deletion that the next pass needs before it creates the new record."""
    key = ChildKey("ControllerRevision", record.name)
    live = seen.children.live.get(key)
    if live is None or live["metadata"].get("deletionTimestamp"):
        return ()
    return (Delete(key, live["metadata"]["uid"], f"not accepted: {record.why}"),)


def rejections(
    seen: Observed, state: RolloutState, replaced: RejectedRecord | None = None
) -> tuple[Decision, ...]:
    """Return one decision about all rejected records, unless the status already has it."""
    if not seen.children.rejected:
        return ()
    records = sorted(seen.children.rejected.values(), key=lambda record: record.name)
    sentences = [
        f"{describe(record)}; {_what_follows(seen, state, record, record is replaced)}"
        for record in records[:_REPORTED]
    ]
    if len(records) > _REPORTED:
        more = counted(len(records) - _REPORTED, "more record is", "more records are")
        sentences.append(f"{more} not accepted")
    message = truncate("; ".join(sentences), DECISION_MESSAGE_LENGTH)
    reported = {decision.message for decision in seen.status.decisions}
    return () if message in reported else (Decision(Reason.RECORD_REJECTED, message),)


def paced(seen: Observed, made: Plan, now: datetime) -> Plan:
    """Return the plan, but postpone its decision about records if there were enough recently."""
    if all(decision.reason is not Reason.RECORD_REJECTED for decision in made.decisions):
        return made
    times = [d.time for d in seen.status.decisions if d.reason == Reason.RECORD_REJECTED]
    lately = sorted(time for time in times if timedelta(0) <= now - time < _PERIOD)
    if len(lately) < _MOST_DECISIONS:
        return made
    wait = _PERIOD - (now - lately[0])
    return replace(
        made,
        decisions=tuple(
            decision for decision in made.decisions if decision.reason is not Reason.RECORD_REJECTED
        ),
        wake_after=wait if made.wake_after is None else min(wait, made.wake_after),
    )


def describe(record: RejectedRecord) -> str:
    """Describe which record is not accepted, and why."""
    return f"ControllerRevision/{record.name} is not accepted: {record.why}"


def stays(revision: str) -> str:
    """Describe why the pods of the target revision stay, and the remedy."""
    return (
        f"pods of revision {revision} stay as they are and are neither scaled nor repaired, because"
        " a new record of the spec would differ from what runs; delete this ControllerRevision to"
        " create it again, which may replace the pods"
    )


def _what_follows(
    seen: Observed, state: RolloutState, record: RejectedRecord, is_replaced: bool
) -> str:
    revision = revision_of_child(record.name)
    if is_replaced:
        return "it is deleted and created again from the spec, which restarts no pod"
    is_ours = record.name == _name(seen, revision)
    if not is_ours or revision not in state.live:
        return "no revision can be restored from it; delete it"
    return stays(revision)


def _name(seen: Observed, revision: str) -> str:
    return revision_child_name(seen.owner.key.name, revision)
