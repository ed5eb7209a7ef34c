"""The desired children of a unit, and the writes that reach them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from inference_operator.domain.gateway import Routing
from inference_operator.domain.names import (
    REVISION_LABEL,
    ChildKey,
    is_baseline,
    is_digests,
    revision_child_name,
    revision_of_child,
)
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.served_digests import served_digests_of
from inference_operator.domain.sizes import Sizes
from inference_operator.domain.tracks import Role, Tracks
from inference_operator.domain.traffic import Split
from inference_operator.planning.children.baseline import (
    baseline_existed,
    baseline_keys,
    baseline_manifests,
    is_last_answer,
    is_scaled_by_us,
)
from inference_operator.planning.children.clients import has_clients
from inference_operator.planning.children.drift import drift
from inference_operator.planning.children.gateway import (
    ROUTE_KINDS,
    comes_after,
    gateway_manifests,
    is_of_gateway,
    is_own_difference,
    stays,
    were_whole,
)
from inference_operator.planning.children.headless import (
    headless_key,
    is_blocked_with_main,
    main_key,
)
from inference_operator.planning.plan import Action, Apply, Cause, Create, Delete, key_of
from inference_operator.resources.controller_revision import controller_revision
from inference_operator.resources.deployment import scaled
from inference_operator.resources.metadata import owned
from inference_operator.resources.pod_disruption_budget import (
    pod_disruption_budget,
    selected_by_budget,
)
from inference_operator.resources.served_digests import reads_digests, served_digests
from inference_operator.resources.service import (
    headless_service,
    selected_revision,
    selects_all,
    service,
)

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
    tracks: Tracks
    sizes: Sizes
    kept: frozenset[str]
    """Revisions that keep a record without pods."""

    split: Split
    """What divides the requests between two revisions."""

    headless: bool
    """Whether there is a headless Service beside the unit's Service."""

    before: RolloutState
    """The state before the pass: what differs from it was decided, the rest was not."""

    routing: Routing | None = None
    """What the Services select, and the weights of the routes, of a unit with a gateway."""

    keeps_routes: bool = False
    """Whether the spec is invalid: an edit that removes the gateway must not end its routes."""


def writes(seen: Observed, goal: DesiredState) -> tuple[Action, ...]:
    """Return the writes that reach the goal; each comes behind those that it must follow.

    Pods need their record and ConfigMap. A new Service comes first: the API server allocates
    addresses one by one, each with a request to itself. Deletions come last.
    """
    desired = {
        key_of(manifest): owned(dict(manifest), seen.owner) for manifest in _manifests(seen, goal)
    }
    made = [action for manifest in desired.values() if (action := _write(seen, goal, manifest))]
    keys = frozenset(action.key for action in made)
    ordered = sorted(made, key=lambda action: not _comes_first(seen, action))
    unrecorded = frozenset(goal.tracks.revisions) - frozenset(goal.records)
    needed = {*desired, *stays(seen, goal.routing), *baseline_keys(seen, goal.tracks, goal.sizes)}
    if goal.keeps_routes:
        needed |= {key for key in seen.children.live if is_of_gateway(seen, key)}
    deletions = sorted(
        _prune(seen, needed, unrecorded), key=lambda action: action.key.kind not in ROUTE_KINDS
    )
    keys |= {action.key for action in deletions if action.key.kind in ROUTE_KINDS}
    return tuple(
        replace(action, after=_after(seen, action, keys)) for action in (*ordered, *deletions)
    )


def _comes_first(seen: Observed, action: Action) -> bool:
    is_new_service = action.key.kind == "Service" and action.key not in seen.children.live
    return action.key.kind in _FIRST or is_new_service


def _after(seen: Observed, action: Action, keys: frozenset[ChildKey]) -> tuple[ChildKey, ...]:
    """Return the writes of this plan that must succeed before the action is sent."""
    is_deletion = isinstance(action, Delete)
    if is_of_gateway(seen, action.key):
        needed = comes_after(seen, action.key, is_deletion=is_deletion)
    elif is_deletion and action.key not in keys:
        # The Service may still send clients to the pods that it deletes.
        needed = [main_key(seen), headless_key(seen)]
    elif action.key == headless_key(seen):
        needed = [main_key(seen)]
    elif action.key.kind == "Deployment":
        revision = revision_of_child(action.key.name)
        child = revision_child_name(seen.owner.key.name, revision)
        needed = [ChildKey(kind, child) for kind in sorted(_FIRST)]
    else:
        needed = []
    return tuple(key for key in needed if key in keys)


def _manifests(seen: Observed, goal: DesiredState) -> Iterator[Mapping[str, Any]]:
    records = goal.records
    live = [records[revision] for revision in goal.tracks.revisions if revision in records]
    for revision in sorted(goal.kept | {record.revision for record in live}):
        yield controller_revision(seen.owner, records[revision])
        yield from _digests(seen, records[revision])
    for record in live:
        pods = goal.sizes.of[record.revision]
        for manifest in record.children:
            is_workload = manifest["kind"] == "Deployment"
            yield scaled(dict(manifest), pods) if is_workload else manifest
    yield from baseline_manifests(records.get(goal.tracks.stable or ""), goal.sizes)
    selected = goal.tracks.selected
    if selected is None:
        return
    main = service(seen.owner, _selected_by_service(goal), goal.tracks.stable)
    yield main
    if goal.headless:
        yield headless_service(seen.owner, main)
    yield from gateway_manifests(seen, goal.routing)
    # Protect pods without a record too: a drain must not evict all of them. Where the Service
    # cannot be moved, clients stay where they are.
    served = goal.tracks.stable if goal.tracks.is_split else seen.children.traffic.selected
    protected = served if served in goal.tracks.revisions and served is not None else selected
    if budget := pod_disruption_budget(seen.owner, protected, goal.sizes.unit):
        yield budget


def _selected_by_service(goal: DesiredState) -> str | None:
    """Return the revision that the Service selects; None for the pods of all."""
    if goal.routing is not None:
        return goal.routing.service
    by_pods = goal.split is Split.REPLICAS and goal.tracks.is_split
    return None if by_pods else goal.tracks.selected


def _digests(seen: Observed, record: RevisionRecord) -> Iterator[Mapping[str, Any]]:
    """Yield what the revision has served, for its pods to come."""
    if not any(reads_digests(child) for child in record.children if child["kind"] == "Deployment"):
        return
    child = revision_child_name(seen.owner.key.name, record.revision)
    if digests := served_digests_of(seen.children, child, record.revision):
        yield served_digests(seen.owner, record.revision, digests)


def _write(seen: Observed, goal: DesiredState, manifest: dict[str, Any]) -> Action | None:
    key = key_of(manifest)
    live = seen.children.live.get(key)
    if key in seen.children.orphans_of_predecessor:
        # The garbage collector would delete an adopted one; its deletion wakes the unit.
        return None
    if key in seen.children.name_conflicts or is_blocked_with_main(seen, key):
        # `blocked_by_conflicts` reports it.
        return None
    if live is None:
        cause = _cause_of_absence(seen, goal, key)
        if key.kind in _IMMUTABLE:
            return Create(manifest, cause=cause)
        return Apply(manifest, owned=False, cause=cause)
    if live["metadata"].get("deletionTimestamp"):
        # It is created again when its deletion has finished.
        return None
    where = drift(live, manifest)
    if where is None:
        return None
    if key.kind in _IMMUTABLE or where == "spec.clusterIP":
        return Delete(key, live["metadata"]["uid"], f"{where} differs and cannot be changed")
    cause = _cause_of_difference(seen, goal, live, where)
    return Apply(manifest, owned=True, why=f"{where} differs", cause=cause)


def _cause_of_absence(seen: Observed, goal: DesiredState, key: ChildKey) -> Cause:
    """Return whether another client deleted a child, or whether it is new."""
    if is_digests(key.name):
        # It comes when the first pod serves.
        return Cause.DECISION
    if is_of_gateway(seen, key):
        return Cause.REPAIR if were_whole(seen) else Cause.DECISION
    if is_baseline(key):
        existed = baseline_existed(goal.before)
    elif key.kind in _FIRST or key.kind == "Deployment":
        existed = revision_of_child(key.name) in goal.before.live
    else:
        # Nothing was promoted without a Service; the others come with an edit.
        may_be_new = key != main_key(seen) and _is_edited(seen)
        existed = goal.before.stable is not None and not may_be_new
    is_reported = seen.status.observed_generation is not None
    return Cause.REPAIR if existed and is_reported else Cause.DECISION


def _is_edited(seen: Observed) -> bool:
    return seen.status.observed_generation != seen.generation


def _cause_of_difference(
    seen: Observed, goal: DesiredState, live: Mapping[str, Any], where: str
) -> Cause:
    """Return whether another client edited a child, or whether the operator itself wrote what now
    differs at `where`."""
    kind, state = live["kind"], goal.before
    if is_of_gateway(seen, key_of(live)):
        is_ours = is_own_difference(seen, live, where)
        return Cause.DECISION if is_ours else Cause.REPAIR
    is_selector = where.startswith("spec.selector")
    if kind == "PodDisruptionBudget":
        selected = selected_by_budget(live)
        # Budgets of earlier operators counted all revisions.
        revisions = {*goal.tracks.revisions, *state.live}
        is_ours = selected is None or (is_selector and selected in revisions)
    elif kind == "Service":
        # Clients move to the canary, or back, since one of its replicas stopped answering.
        selected, shall = selected_revision(live), _selected_by_service(goal)
        was_split = selects_all(live) and bool(state.step_hash)
        was_ours = was_split or selected in (state.stable, state.canary)
        # The label that names the stable revision comes and goes with the selector.
        is_moved = (is_selector or where.endswith(REVISION_LABEL)) and selected != shall
        is_ours = is_moved and was_ours
    elif is_baseline(key_of(live)):
        is_ours = is_scaled_by_us(seen, where, goal.sizes)
    else:
        revision = revision_of_child(live["metadata"]["name"])
        # A revision that the spec goes back to has as few pods as it had as the previous one.
        is_new_canary = goal.tracks.role_of(revision) is Role.CANARY and revision != state.canary
        is_scaled = where == "spec.replicas" and (
            _is_edited(seen) or _reported_size(seen, revision) != goal.sizes.of.get(revision)
        )
        is_ours = kind == "Deployment" and (is_new_canary or is_scaled)
    return Cause.DECISION if is_ours else Cause.REPAIR


def _reported_size(seen: Observed, revision: str) -> int | None:
    """Return the number of pods that the last status names for a revision."""
    views = (seen.status.stable, seen.status.canary)
    return next((v.replicas for v in views if v is not None and v.revision == revision), None)


def _is_reached(seen: Observed, key: ChildKey, unrecorded: frozenset[str]) -> bool:
    """Return whether clients may depend on a child, or on one that could not be made again."""
    if is_baseline(key):
        return is_last_answer(seen, key)
    revision = revision_of_child(key.name)
    return revision in unrecorded or (key.kind in _OF_PODS and has_clients(seen, revision))


def _prune(
    seen: Observed, desired: Iterable[ChildKey], unrecorded: frozenset[str]
) -> Iterator[Action]:
    stay = set(desired)
    for key, live in seen.children.live.items():
        if key in stay or _is_reached(seen, key, unrecorded):
            # The pass after the Service has moved, or the routes lead elsewhere, deletes it.
            continue
        if key.kind == "ControllerRevision" and key.name in seen.children.rejected:
            # A person must look at it: it may be a valid record of an older operator.
            continue
        if not live["metadata"].get("deletionTimestamp"):
            yield Delete(key, live["metadata"]["uid"], "no longer needed")
