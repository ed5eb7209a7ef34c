"""Conversion of stored objects into the values that planning reads."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from inference_operator.api.base import API_VERSION
from inference_operator.api.status import UnitStatus, read_status
from inference_operator.domain.body import Body
from inference_operator.domain.commands import Commands
from inference_operator.domain.freeze import freeze_of
from inference_operator.domain.names import (
    BASELINE,
    REVISION_LABEL,
    TRACK_LABEL,
    ChildKey,
    UnitKey,
    is_baseline,
    revision_of_child,
)
from inference_operator.domain.observed import (
    Children,
    Container,
    DeploymentView,
    Inputs,
    Observed,
    Pod,
    RejectedRecord,
    RevisionRecord,
)
from inference_operator.domain.resolution import Resolution, SourceKey
from inference_operator.domain.serving_unit import Owner
from inference_operator.domain.traffic import Traffic
from inference_operator.observation.command_setters import read_setters
from inference_operator.observation.gateway import gateway_view, ready_endpoints
from inference_operator.observation.kinds import ENDPOINT_SLICE, NAMESPACE
from inference_operator.observation.name_conflicts import name_conflicts
from inference_operator.observation.nodes import nodes_for
from inference_operator.observation.ownership import is_owned_by, owners
from inference_operator.observation.pins import referenced
from inference_operator.observation.projection import FINISHED
from inference_operator.observation.records import Read, record_of, records
from inference_operator.observation.store import Store
from inference_operator.resources.pod import LOADER, PROBE, TRITON
from inference_operator.resources.service import selected_revision, selects_all, stable_revision

_MOST_DEPLOYMENTS = 128
_LONGEST_GRACE = 10**6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Resolve = Callable[[UnitKey, Body], Mapping[SourceKey, Resolution]]
"""Returns a registry's last answers about the sources of a unit's spec; `{}` unsubscribes."""

Refresh = Callable[[UnitKey, str], None]
"""Lets a registry ask about a unit's sources again, once for each command of a person."""


def unresolved(unit: UnitKey, spec: Body) -> Mapping[SourceKey, Resolution]:
    """Return no answers, for callers without a registry."""
    return {}


def observe(
    store: Store, key: UnitKey, resolve: Resolve = unresolved, read: Read = record_of
) -> Observed | None:
    """Return the observed state of a unit; None when its custom resource does not exist."""
    body = store.get(key.kind, (key.namespace, key.name))
    if body is None:
        resolve(key, {})
        return None
    meta = body["metadata"]
    owner = Owner(key, API_VERSION, meta["uid"])
    spec, status = body.get("spec") or {}, read_status(body)
    return Observed(
        owner=owner,
        generation=meta["generation"],
        spec=spec,
        status=status,
        children=_children(store, owner, status, read, spec),
        inputs=Inputs(
            nodes=nodes_for(store, body),
            resolutions=resolve(key, spec),
            commands=Commands.read(meta.get("annotations") or {}, read_setters(meta)),
            references=referenced(store, key, body.get("spec"), read),
            freeze=_freeze(store, key.namespace),
        ),
        deleting="deletionTimestamp" in meta,
    )


def _children(store: Store, owner: Owner, status: UnitStatus, read: Read, spec: Body) -> Children:
    key = owner.key
    pods: list[Pod] = []
    baseline_pods: list[Pod] = []
    slices: list[Body] = []
    live: dict[ChildKey, Body] = {}
    orphans_of_predecessor: set[ChildKey] = set()
    for kind, child in store.children(key):
        if kind == "Pod":
            (baseline_pods if _is_of_baseline(child) else pods).append(pod_view(child))
        elif kind == ENDPOINT_SLICE.kind:
            slices.append(child)
        elif is_owned_by(child, owner.uid):
            live[ChildKey(kind, child["metadata"]["name"])] = child
        elif owners(child):
            orphans_of_predecessor.add(ChildKey(kind, child["metadata"]["name"]))
    served, deployments = _served(live, key), _deployments(live, of_baselines=False)
    baselines = _deployments(live, of_baselines=True)
    kept = [child for name, child in live.items() if name.kind == "ControllerRevision"]
    gateway = gateway_view(store, key, spec, live, ready_endpoints(slices, [*pods, *baseline_pods]))
    by_service = _traffic(live, key, served, (deployments, baselines))
    read_records = records(store, kept, key, _live(status, served, deployments), read)
    return Children(
        live=live,
        orphans_of_predecessor=frozenset(orphans_of_predecessor),
        name_conflicts=dict(name_conflicts(store, key, live)),
        revisions={r.revision: r for r in read_records if isinstance(r, RevisionRecord)},
        rejected={r.name: r for r in read_records if isinstance(r, RejectedRecord)},
        deployments=deployments,
        pods=tuple(pods),
        baselines=baselines,
        baseline_pods=tuple(baseline_pods),
        traffic=gateway.traffic(by_service) if gateway else by_service,
        gateway=gateway,
    )


def _freeze(store: Store, namespace: str) -> str:
    """Return what freezes rollouts of the namespace. The last known annotation counts while
    Namespaces may not be listed."""
    body = store.get(NAMESPACE.kind, ("", namespace))
    return freeze_of(namespace, body["metadata"].get("annotations") or {}) if body else ""


def _live(status: UnitStatus, served: str | None, deployments: Iterable[str]) -> frozenset[str]:
    """Return the revisions that may have pods; more Deployments than any unit has are cut off."""
    named = (status.stable, status.canary)
    revisions = {track.revision for track in named if track is not None}
    previous = status.rollout.previous if status.rollout else None
    some = itertools.islice(deployments, _MOST_DEPLOYMENTS)
    return frozenset({*revisions, previous or "", served or "", *some})


def _deployments(live: Mapping[ChildKey, Body], *, of_baselines: bool) -> dict[str, DeploymentView]:
    """Return the Deployments by revision: those of baselines, or the others."""
    return {
        revision_of_child(key.name): _deployment_view(child)
        for key, child in live.items()
        if key.kind == "Deployment" and is_baseline(key) is of_baselines
    }


def _is_of_baseline(pod: Body) -> bool:
    return bool(pod["metadata"].get("labels", {}).get(TRACK_LABEL) == BASELINE)


def _deployment_view(body: Body) -> DeploymentView:
    status = body.get("status") or {}
    refused = next(
        (
            condition.get("message", "")
            for condition in status.get("conditions") or ()
            if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True"
        ),
        "",
    )
    replicas = body["spec"].get("replicas", 1)
    # The template never changes, so all ready pods are of this revision; pods beyond the desired
    # number are about to be deleted.
    return DeploymentView(
        replicas=replicas,
        ready=min(status.get("readyReplicas", 0), replicas),
        refused=refused,
    )


def _traffic(
    children: Mapping[ChildKey, Body],
    key: UnitKey,
    served: str | None,
    deployments: Iterable[Mapping[str, DeploymentView]],
) -> Traffic:
    """Return where the Service leads clients: it selects the pods of a baseline as it does those of
    its revision."""
    live = children.get(ChildKey("Service", key.name))
    if live is not None and selects_all(live):
        ready: Counter[str] = Counter()
        for views in deployments:
            ready.update({name: view.ready for name, view in views.items()})
        return Traffic.by_pods(ready, stable_revision(live))
    return Traffic.to(served)


def _served(children: Mapping[ChildKey, Body], key: UnitKey) -> str | None:
    live = children.get(ChildKey("Service", key.name))
    return selected_revision(live) if live is not None else None


def pod_view(body: Body) -> Pod:
    """Return a pod as planning sees it."""
    status = body.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    scheduled = conditions.get("PodScheduled", {})
    is_unschedulable = scheduled.get("reason") == "Unschedulable"
    ready = conditions.get("Ready", {})
    is_ready = ready.get("status") == "True"
    return Pod(
        name=body["metadata"]["name"],
        revision=body["metadata"].get("labels", {}).get(REVISION_LABEL, ""),
        ready=is_ready,
        terminating="deletionTimestamp" in body["metadata"],
        ending_since=_ending_since(body["metadata"]),
        finished=status.get("phase") in FINISHED,
        created=_time(body["metadata"].get("creationTimestamp")),
        ready_since=_time(ready.get("lastTransitionTime")) if is_ready else None,
        unschedulable=scheduled.get("message", "") if is_unschedulable else "",
        node=(body.get("spec") or {}).get("nodeName", ""),
        loader=_container(status.get("initContainerStatuses"), LOADER),
        triton=_container(status.get("containerStatuses"), TRITON),
        probe=_container(status.get("initContainerStatuses"), PROBE),
        lost_readiness=_lost_readiness(ready, status),
    )


def _ending_since(meta: Body) -> datetime | None:
    """Return when a pod's end was asked for. Its `deletionTimestamp` is when its time to end is
    over."""
    ends, grace = _time(meta.get("deletionTimestamp")), meta.get("deletionGracePeriodSeconds")
    if ends is None or not isinstance(grace, int) or not 0 <= grace <= _LONGEST_GRACE:
        return ends
    return max(ends, _EPOCH) - timedelta(seconds=grace)


def _lost_readiness(ready: Body, status: Body) -> bool:
    """Return whether the pod stopped being ready after Triton had started. Times are texts of one
    form, which compare as times do."""
    if ready.get("status") != "False":
        return False
    statuses = status.get("containerStatuses") or ()
    states = (item.get("state") or {} for item in statuses if item.get("name") == TRITON)
    started = next((state.get("running", {}).get("startedAt") for state in states), None)
    return bool(started) and str(ready.get("lastTransitionTime") or "") > str(started)


def _container(statuses: Iterable[Body] | None, name: str) -> Container | None:
    body = next((s for s in statuses or () if s.get("name") == name), None)
    if body is None:
        return None
    state, last = body.get("state") or {}, body.get("lastState") or {}
    waiting = state.get("waiting") or {}
    ended = state.get("terminated") or last.get("terminated") or {}
    return Container(
        image=body.get("image", ""),
        ready=body.get("ready", False),
        running="running" in state,
        running_since=_time((state.get("running") or {}).get("startedAt")),
        started=body.get("started") is True,
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        exit_code=ended.get("exitCode"),
        exit_reason=ended.get("reason", ""),
        exit_message=ended.get("message", ""),
        restarts=body.get("restartCount", 0),
    )


def _time(text: object) -> datetime | None:
    """Return a time as the API server writes it, in UTC; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
