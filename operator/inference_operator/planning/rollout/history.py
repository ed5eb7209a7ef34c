"""The revisions that are kept though they have no pods, so that a spec can go back to them."""

from collections.abc import Mapping

from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.rollout_state import RolloutState


def history(
    records: Mapping[str, RevisionRecord], position: RolloutState, limit: int
) -> frozenset[str]:
    """The newest `limit` revisions besides the live ones; of a pipeline the newest of all in any
    case: answers name its number, which must not be given to another set."""
    old = [record for record in records.values() if record.revision not in position.live]
    newest = sorted(old, key=lambda record: record.number, reverse=True)
    last = max((record.number for record in records.values()), default=0)
    counts = [record for record in newest if record.steps and record.number == last]
    return frozenset(record.revision for record in (*newest[:limit], *counts))
