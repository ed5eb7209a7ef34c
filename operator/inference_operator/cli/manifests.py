"""Manifests in files as the operator would observe them, without a cluster."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inference_operator.cli.documents import (
    STDIN,
    Document,
    InputError,
    check_live,
    documents,
    legible,
)
from inference_operator.cli.offline_answers import (
    no_registry,
    with_unmeasured_metrics,
    with_unresolved_references,
)
from inference_operator.cli.resources import Resource, resources
from inference_operator.domain.body import MutableBody
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.domain.unreadable import why_unreadable
from inference_operator.observation.kinds import NODE
from inference_operator.observation.observe import observe
from inference_operator.observation.reference_index import references_in
from inference_operator.observation.store import Store
from inference_operator.planning.plan import Plan
from inference_operator.planning.planner import plan
from inference_operator.resources.controller_revision import controller_revision
from inference_operator.resources.metadata import owned
from inference_operator.validation.defaults import Defaults

# In place of the uid that the API server would give.
NO_UID = "00000000-0000-0000-0000-000000000000"


def units(
    files: Sequence[str], live: Sequence[str], defaults: Defaults
) -> Iterator[tuple[Observed, Plan]]:
    """Yield each custom resource of the files and the operator's plan for it, in their order.

    `live` shows the state of the cluster. A pipeline sees a referenced unit as it is live, else as
    if the one in the files were served.
    """
    ours, state = read_files(files, live)
    refuse_misread(ours)
    yield from planned(ours, state, defaults)


@dataclass(frozen=True, slots=True)
class Live:
    """State of a cluster, as files or the API server show it."""

    documents: tuple[Document, ...] = ()
    origin: str = ""
    """Name of the files for messages; empty if no state is given."""

    nodes_are_known: bool = True

    def body(self, key: UnitKey) -> MutableBody | None:
        """Return the live custom resource; None if it does not exist."""
        for document in self.documents:
            meta = document.body.get("metadata") or {}
            named = document.body.get("kind"), meta.get("namespace"), meta.get("name")
            if named == (key.kind, key.namespace, key.name):
                return document.body
        return None

    @property
    def nodes(self) -> list[MutableBody]:
        """Return the nodes."""
        return [d.body for d in self.documents if d.body.get("kind") == "Node"]


def read_files(
    files: Sequence[str], live: Sequence[str], namespace: str = "default"
) -> tuple[list[Resource], Live]:
    """Return the resources of the files, and the state that the others show."""
    if [*files, *live].count(STDIN) > 1:
        raise InputError(
            "found - twice, expected it once: standard input can be read only once; write one of"
            " the two to a file"
        )
    return resources(files, namespace), Live(tuple(documents(live, live=True)), ", ".join(live))


def misread_in(ours: Sequence[Resource]) -> list[str]:
    """Return the sentences about scalars that kubectl would read as something else."""
    return list(dict.fromkeys(sentence for resource in ours for sentence in resource.misread))


def refuse_misread(ours: Sequence[Resource]) -> None:
    """Raise InputError if kubectl would read a scalar as something else."""
    if sentences := misread_in(ours):
        raise InputError("\n".join(sentences))


def planned(
    ours: Sequence[Resource], live: Live, defaults: Defaults
) -> Iterator[tuple[Observed, Plan]]:
    """Yield each resource and the operator's plan for it, as if the cluster were in this state."""
    store = _cluster(live)
    for resource in ours:
        _put(store, resource)
    keys = [resource.key for resource in ours]
    seen: dict[UnitKey, Observed] = {}
    plans: dict[UnitKey, Plan] = {}
    for key in _inner_first(keys, store):
        is_live = bool(live.origin)
        with legible(f"{live.origin}: the state of {key}") if is_live else nullcontext():
            unit = with_unmeasured_metrics(_seen(store, key, is_live))
            seen[key] = with_unresolved_references(unit, plans, is_live)
            plans[key] = plan(seen[key], defaults, datetime.now(UTC))
            _pretend_served(store, seen[key], plans[key])
    yield from ((seen[key], plans[key]) for key in keys)


def _cluster(live: Live) -> Store:
    store = Store(report=_refuse)
    if not live.nodes_are_known:
        store.refused.add(NODE.kind)
    for document in live.documents:
        check_live(document)
        kind = str(document.body.get("kind"))
        with legible(f"{document.place}: {kind} {document.body['metadata']['name']}"):
            store.put(kind, document.body)
    return store


def _refuse(kind: str, stub: Mapping[str, Any]) -> None:
    """Raise for an object that the operator would skip: a file can be corrected."""
    raise sys.exception() or InputError(f"{kind} cannot be read: {why_unreadable(stub)}")


def _seen(store: Store, key: UnitKey, is_live: bool) -> Observed:
    seen = observe(store, key, no_registry(is_live))
    if seen is None:
        raise InputError(f"{key} has no metadata that can be read")
    return seen


def _inner_first(keys: list[UnitKey], store: Store) -> list[UnitKey]:
    """Return the units, each after those that it refers to, unless in a circle."""
    own = frozenset(keys)
    ordered: dict[UnitKey, None] = {}
    begun: set[UnitKey] = set()
    waiting = [*reversed(keys)]
    while waiting:
        key = waiting[-1]
        inner = [] if key in begun else _named(store, key)
        begun.add(key)
        if new := [other for other in inner if other in own and other not in begun]:
            waiting += new
        else:
            ordered.setdefault(waiting.pop())
    return list(ordered)


def _named(store: Store, key: UnitKey) -> list[UnitKey]:
    body = store.get(key.kind, (key.namespace, key.name)) or {}
    named = sorted(references_in(body.get("spec")))
    return [UnitKey(other.kind, key.namespace, other.name) for other in named]


def _pretend_served(store: Store, seen: Observed, made: Plan) -> None:
    """Let dependants see the unit as if its plan were served, if nothing of it is served yet."""
    record = made.records.get(made.assessment.revision or "")
    if record is None or seen.status.stable is not None:
        return
    key = seen.owner.key
    kept = owned(controller_revision(seen.owner, record), seen.owner)
    kept["metadata"] |= {"uid": NO_UID, "resourceVersion": "1"}
    store.put("ControllerRevision", kept)
    body = store.get(key.kind, (key.namespace, key.name)) or {}
    meta = body["metadata"]
    version = str(int(meta["resourceVersion"]) + 1)
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Ready",
        "message": "",
        "observedGeneration": meta["generation"],
        "lastTransitionTime": "1970-01-01T00:00:00Z",
    }
    status = {"stable": {"revision": record.revision}, "conditions": [ready]}
    served = {**body, "metadata": {**meta, "resourceVersion": version}, "status": status}
    store.put(key.kind, served)


def _put(store: Store, resource: Resource) -> None:
    """Store the manifest over its live state, as the API server would."""
    key, body = resource.key, resource.body
    live = store.get(key.kind, (key.namespace, key.name)) or {"metadata": {}}
    changed = live.get("spec") != body.get("spec")
    meta = live["metadata"]
    stored = {
        **live,
        **body,
        "metadata": {
            "uid": NO_UID,
            **meta,
            "namespace": key.namespace,
            "name": key.name,
            "generation": meta.get("generation", 0) + (1 if changed else 0),
            "resourceVersion": str(int(meta.get("resourceVersion", 0)) + 1),
        },
    }
    store.put(key.kind, stored)
