"""Revisions whose records are kept without pods, so that a spec can go back to them."""

from collections.abc import Mapping

from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.rollout_state import RolloutState


def history(
    records: Mapping[str, RevisionRecord], state: RolloutState, limit: int
) -> frozenset[str]:
    """Return the newest `limit` revisions that are not live.

    A pipeline always keeps the newest of all, because no other set may reuse its number.
    """
    old = [record for record in records.values() if record.revision not in state.live]
    newest = sorted(old, key=lambda record: record.number, reverse=True)
    last = max((record.number for record in records.values()), default=0)
    counts = [record for record in newest if record.steps and record.number == last]
    return frozenset(record.revision for record in (*newest[:limit], *counts))
