"""Finder of objects that already use the names of a unit's Service and PodDisruptionBudget.

They have the unit's name, so an InferenceModel and an EnsemblePipeline of one name compete for
them. The unit that has them keeps them; otherwise the older unit gets them.
"""

from collections.abc import Container, Iterator

from inference_operator.domain.body import MutableBody
from inference_operator.domain.names import ChildKey, UnitKey
from inference_operator.observation.kinds import UNITS, WATCHED_WHOLE, is_labelled
from inference_operator.observation.store import Store


def name_conflicts(
    store: Store, key: UnitKey, children: Container[ChildKey]
) -> Iterator[tuple[ChildKey, UnitKey | None]]:
    """Yield the names that the unit must not take, each with the unit that has or gets it; None for
    another owner. `children` are the unit's own."""
    name = (key.namespace, key.name)
    for kind in WATCHED_WHOLE:
        child, live = ChildKey(kind, key.name), store.get(kind, name)
        holder = store.unit_of(kind, live) if live is not None else None
        if child in children or holder == key:
            continue
        if live is not None and holder is None and not is_labelled(live):
            yield child, None
        elif holder is not None and live is not None and _holds(store, holder, live):
            yield child, holder
        elif (elder := _elder(store, key)) is not None:
            yield child, elder


def _holds(store: Store, holder: UnitKey, live: MutableBody) -> bool:
    # An object with labels but without an owner may be an orphan of a deleted unit: it is free.
    is_owned = any(r.get("controller") for r in live["metadata"].get("ownerReferences") or ())
    return is_owned or store.get(holder.kind, (holder.namespace, holder.name)) is not None


def _elder(store: Store, key: UnitKey) -> UnitKey | None:
    """Return the older unit of another kind with the name, unless it is being deleted."""
    candidates = [
        (_born(body), rank, UnitKey(unit.kind, key.namespace, key.name))
        for rank, unit in enumerate(UNITS)
        if (body := store.get(unit.kind, (key.namespace, key.name))) is not None
        and "deletionTimestamp" not in body["metadata"]
    ]
    _, _, first = min(candidates, default=("", 0, key))
    return None if first == key else first


def _born(body: MutableBody) -> str:
    # A unit that is not stored yet, as in `inference-operator plan`, comes last.
    return str(body["metadata"].get("creationTimestamp") or "9999")
