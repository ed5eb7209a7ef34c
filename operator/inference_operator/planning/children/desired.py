"""The desired children of a unit, and the writes that reach them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.domain.names import REVISION_LABEL, ChildKey, UnitKey, revision_of_child
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.sizes import BUDGET_FROM, Sizes
from inference_operator.planning.children.drift import drift
from inference_operator.planning.plan import Action, Apply, Create, Delete, key_of
from inference_operator.resources.controller_revision import controller_revision
from inference_operator.resources.deployment import scaled
from inference_operator.resources.metadata import owned
from inference_operator.resources.pod_disruption_budget import pod_disruption_budget
from inference_operator.resources.service import service

# Written first: a pod must not start without its ConfigMap and record.
_FIRST = frozenset({"ControllerRevision", "ConfigMap"})
# A ControllerRevision is not in this set: the API server compares its data byte by byte, and one
# that was POSTed refuses every later change of its labels and owners.
_IMMUTABLE = frozenset({"ConfigMap"})
_OF_PODS = frozenset({"ConfigMap", "Deployment"})


@dataclass(frozen=True, slots=True)
class DesiredState:
    """What a unit's children shall be after the pass."""

    records: Mapping[str, RevisionRecord]
    state: RolloutState
    traffic: str | None
    """The revision that the Service shall select."""

    sizes: Sizes
    kept: frozenset[str]
    """Revisions that keep a record without pods."""


def stages(seen: Observed, goal: DesiredState) -> tuple[tuple[Action, ...], ...]:
    """Return three stages of writes.

    First the Service, if it is new, and the objects that pods need; then the workloads and the
    Service's selector; last the deletions.
    """
    desired = {
        key_of(manifest): owned(dict(manifest), seen.owner) for manifest in _manifests(seen, goal)
    }
    writes = [action for manifest in desired.values() if (action := _write(seen, goal, manifest))]
    first = tuple(a for a in writes if _comes_first(seen, a))
    then = tuple(a for a in writes if a not in first)
    unrecorded = frozenset(goal.state.live) - frozenset(goal.records)
    return (first, then, tuple(_prune(seen, desired, unrecorded)))


def _comes_first(seen: Observed, action: Action) -> bool:
    # Create a new Service before there is any load: the API server allocates addresses one by one,
    # each with a request to itself.
    is_new_service = action.key.kind == "Service" and action.key not in seen.children
    return action.key.kind in _FIRST or is_new_service


def _manifests(seen: Observed, goal: DesiredState) -> Iterator[Mapping[str, Any]]:
    records, state = goal.records, goal.state
    live = [records[revision] for revision in state.live if revision in records]
    for revision in sorted(goal.kept | {record.revision for record in live}):
        yield controller_revision(seen.owner, records[revision])
    for record in live:
        pods = goal.sizes.of[record.revision]
        for manifest in record.children:
            is_workload = manifest["kind"] == "Deployment"
            yield scaled(dict(manifest), pods) if is_workload else manifest
    if goal.traffic is None:
        return
    yield service(seen.owner, goal.traffic)
    # Protect pods without a record too: a drain must not evict all of them. Where the Service
    # cannot be moved, clients stay where they are.
    served = seen.served_revision
    protected = served if served is not None and served in state.live else goal.traffic
    if budget := pod_disruption_budget(seen.owner, protected, goal.sizes.unit):
        yield budget


def blocked_by_conflicts(seen: Observed, replicas: int) -> dict[ChildKey, str]:
    """Return a sentence for each child whose name another object already has."""
    kinds = {"Service", "PodDisruptionBudget"} if replicas >= BUDGET_FROM else {"Service"}
    keys = (key for key in sorted(seen.name_conflicts) if key.kind in kinds)
    return {key: _describe_conflict(key, seen.name_conflicts[key]) for key in keys}


def _describe_conflict(key: ChildKey, holder: UnitKey | None) -> str:
    if holder is not None:
        return f"{key} belongs to {holder.kind} {holder.name}; rename one of the two"
    return (
        f"{key} exists and belongs to another owner; delete or rename it, or rename this resource"
    )


def _write(seen: Observed, goal: DesiredState, manifest: dict[str, Any]) -> Action | None:
    key = key_of(manifest)
    live = seen.children.get(key)
    if key in seen.orphans_of_predecessor:
        # The garbage collector would delete an adopted one; its deletion wakes the unit.
        return None
    if key in seen.name_conflicts:
        # `blocked_by_conflicts` reports it.
        return None
    if live is None:
        is_immutable = key.kind in _IMMUTABLE
        return Create(manifest) if is_immutable else Apply(manifest, owned=False)
    if live["metadata"].get("deletionTimestamp"):
        # It is created again when its deletion has finished.
        return None
    where = drift(live, manifest)
    if where is None:
        return None
    if key.kind in _IMMUTABLE:
        return Delete(key, live["metadata"]["uid"], f"{where} differs and cannot be changed")
    own = _is_own_change(seen, goal, live, where)
    return Apply(manifest, owned=True, why=f"{where} differs", is_repair=not own)


def _is_own_change(seen: Observed, goal: DesiredState, live: Mapping[str, Any], where: str) -> bool:
    """Return whether the operator itself wrote what now differs at `where`."""
    if live["kind"] == "PodDisruptionBudget":
        selector = live["spec"].get("selector") or {}
        revision = (selector.get("matchLabels") or {}).get(REVISION_LABEL)
        # Budgets of earlier operators counted all revisions.
        is_ours = revision in goal.state.live and where.startswith("spec.selector")
        return revision is None or is_ours
    # Clients go back to the stable revision, since a replica of the canary stopped answering.
    return live["kind"] == "Service" and seen.served_revision == goal.state.canary is not None


def _prune(
    seen: Observed, desired: Iterable[ChildKey], unrecorded: frozenset[str]
) -> Iterator[Action]:
    stay = set(desired)
    for key, live in seen.children.items():
        if key in stay or revision_of_child(key.name) in unrecorded:
            continue
        if key.kind in _OF_PODS and revision_of_child(key.name) == seen.served_revision:
            # Clients are still led there; the pass after the Service has moved deletes it.
            continue
        if key.kind == "ControllerRevision" and key.name in seen.rejected:
            # A person must look at it: it may be a valid record of an older operator.
            continue
        if not live["metadata"].get("deletionTimestamp"):
            yield Delete(key, live["metadata"]["uid"], "no longer needed")
