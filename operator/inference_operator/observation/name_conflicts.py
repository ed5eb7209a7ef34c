"""Finder of objects that already use the names of a unit's Services, routes and budget.

Two units compete for a name: an InferenceModel and an EnsemblePipeline of one name, `foo` with a
gateway and `foo-canary`, or `foo` with a headless Service and `foo-headless`. The unit that has the
object keeps it; otherwise the older unit gets it.
"""

from collections.abc import Container, Iterator

from inference_operator.domain.body import MutableBody
from inference_operator.domain.names import (
    Backend,
    ChildKey,
    UnitKey,
    headless_name,
    track_service_name,
)
from inference_operator.observation.headless import wants_headless
from inference_operator.observation.kinds import ROUTES, UNITS, WATCHED_WHOLE, is_labelled
from inference_operator.observation.store import Store

_RANKS = {unit.kind: rank for rank, unit in enumerate(UNITS)}


def name_conflicts(
    store: Store, key: UnitKey, children: Container[ChildKey]
) -> Iterator[tuple[ChildKey, UnitKey | None]]:
    """Yield the names that the unit must not take, each with the unit that has or gets it; None for
    another owner. `children` are the unit's own."""
    for child in _names(store, key):
        live = store.get(child.kind, (key.namespace, child.name))
        holder = store.unit_of(child.kind, live) if live is not None else None
        if child in children or holder == key:
            continue
        if live is not None and holder is None and not is_labelled(live):
            yield child, None
        elif holder is not None and live is not None and _holds(store, holder, live):
            yield child, holder
        elif (elder := _elder(store, key, child)) is not None:
            yield child, elder


def _names(store: Store, key: UnitKey) -> Iterator[ChildKey]:
    yield from (ChildKey(kind, key.name) for kind in WATCHED_WHOLE)
    if wants_headless(store.get(key.kind, (key.namespace, key.name))):
        yield ChildKey("Service", headless_name(key.name))
    if store.gateways.has(key):
        services = (track_service_name(key.name, backend) for backend in Backend)
        yield from (ChildKey("Service", name) for name in services)
        yield from (ChildKey(resource.kind, key.name) for resource in ROUTES)


def _holds(store: Store, holder: UnitKey, live: MutableBody) -> bool:
    # An object with labels but without an owner may be an orphan of a deleted unit: it is free.
    is_owned = any(r.get("controller") for r in live["metadata"].get("ownerReferences") or ())
    return is_owned or store.get(holder.kind, (holder.namespace, holder.name)) is not None


def _elder(store: Store, key: UnitKey, child: ChildKey) -> UnitKey | None:
    """Return the older unit that wants the name too, unless it is being deleted."""
    candidates = [
        (_born(body), _RANKS[unit.kind], unit.name, unit)
        for unit in store.claimants(child.kind, (key.namespace, child.name))
        if (body := store.get(unit.kind, (unit.namespace, unit.name))) is not None
        and "deletionTimestamp" not in body["metadata"]
    ]
    *_, eldest = min(candidates, default=("", 0, "", key))
    return None if eldest == key else eldest


def _born(body: MutableBody) -> str:
    # A unit that is not stored yet, as in `inference-operator plan`, comes last.
    return str(body["metadata"].get("creationTimestamp") or "9999")
