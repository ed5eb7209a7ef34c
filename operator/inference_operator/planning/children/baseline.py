"""The desired Deployment of a baseline, and who changed or needs it."""

from collections.abc import Iterator, Mapping
from typing import Any

from inference_operator.domain.names import (
    ChildKey,
    baseline_name,
    revision_child_name,
    revision_of_child,
)
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.sizes import Sizes
from inference_operator.domain.tracks import Tracks
from inference_operator.planning.children.clients import has_clients
from inference_operator.resources.deployment import baseline


def baseline_manifests(stable: RevisionRecord | None, sizes: Sizes) -> Iterator[Mapping[str, Any]]:
    """Yield the Deployment of the stable revision's baseline, as its record renders the pods."""
    for manifest in stable.children if stable is not None and sizes.baseline else ():
        if manifest["kind"] == "Deployment":
            yield baseline(dict(manifest), sizes.baseline)


def baseline_keys(seen: Observed, tracks: Tracks, sizes: Sizes) -> frozenset[ChildKey]:
    """Return the Deployment of the wanted baseline, also while its record is not accepted."""
    if not sizes.baseline or tracks.stable is None:
        return frozenset()
    child = revision_child_name(seen.owner.key.name, tracks.stable)
    return frozenset({ChildKey("Deployment", baseline_name(child))})


def is_last_answer(seen: Observed, key: ChildKey) -> bool:
    """Return whether clients reach a revision of which only the baseline's pods answer: they stay
    until others do."""
    revision, children = revision_of_child(key.name), seen.children
    answers = children.baseline_ready_of(revision) > 0 and children.ready_of(revision) == 0
    return answers and has_clients(seen, revision)


def baseline_existed(state: RolloutState) -> bool:
    """Return whether there was a baseline with pods before the pass."""
    return state.baseline is not None and state.baseline.late_at is None


def is_scaled_by_us(seen: Observed, where: str, sizes: Sizes) -> bool:
    """Return whether a difference is that of a number of pods which the operator has changed."""
    reported = seen.status.baseline
    last = reported.replicas if reported is not None else None
    return where == "spec.replicas" and last != sizes.baseline
