"""Finder of objects that already use the names of a unit's Services and PodDisruptionBudget.

They have the unit's name, so an InferenceModel and an EnsemblePipeline of one name compete for
them. The headless Service of `fx` has the name that the Service of a unit `fx-headless` has. The
unit that has a name keeps it; otherwise the older unit gets it.
"""

from collections.abc import Container, Iterator, Mapping

from inference_operator.domain.body import Body, MutableBody
from inference_operator.domain.names import ChildKey, UnitKey, headless_name, unit_of_headless
from inference_operator.observation.kinds import UNITS, WATCHED_WHOLE, is_labelled
from inference_operator.observation.store import Store


def name_conflicts(
    store: Store, key: UnitKey, children: Container[ChildKey]
) -> Iterator[tuple[ChildKey, UnitKey | None]]:
    """Yield the names that the unit must not take, each with the unit that has or gets it; None for
    another owner. `children` are the unit's own."""
    for child in _children_of(store.get(key.kind, (key.namespace, key.name)), key.name):
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


def _children_of(unit: Body | None, name: str) -> Iterator[ChildKey]:
    """Yield the children of a unit whose names others may have."""
    for kind in WATCHED_WHOLE:
        yield ChildKey(kind, name)
    if unit is not None and _wants_headless(unit):
        yield ChildKey("Service", headless_name(name))


def _wants_headless(unit: Body) -> bool:
    # The spec is unchecked: an older CRD may have admitted anything.
    spec = unit.get("spec")
    service = spec.get("service") if isinstance(spec, Mapping) else None
    return isinstance(service, Mapping) and service.get("headless") is True


def _holds(store: Store, holder: UnitKey, live: MutableBody) -> bool:
    # An object with labels but without an owner may be an orphan of a deleted unit: it is free.
    is_owned = any(r.get("controller") for r in live["metadata"].get("ownerReferences") or ())
    return is_owned or store.get(holder.kind, (holder.namespace, holder.name)) is not None


def _elder(store: Store, key: UnitKey, child: ChildKey) -> UnitKey | None:
    """Return the oldest other unit that wants the child's name, if it is older than the unit. Units
    that are being deleted do not count."""
    candidates = [
        (_born(body), rank, UnitKey(unit.kind, key.namespace, name))
        for name in filter(None, (child.name, unit_of_headless(child.name)))
        for rank, unit in enumerate(UNITS)
        if (body := store.get(unit.kind, (key.namespace, name))) is not None
        and "deletionTimestamp" not in body["metadata"]
        and child in _children_of(body, name)
    ]
    _, _, first = min(candidates, default=("", 0, key))
    return None if first == key else first


def _born(body: MutableBody) -> str:
    # A unit that is not stored yet, as in `inference-operator plan`, comes last.
    return str(body["metadata"].get("creationTimestamp") or "9999")
