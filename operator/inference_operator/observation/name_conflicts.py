"""Whose the names are that a unit's Service and PodDisruptionBudget are to have.

Each unit's are called as it is, so an InferenceModel and an EnsemblePipeline of one name want the
same ones. Whoever has them keeps them; while nobody has, the elder of the two gets them.
"""

from collections.abc import Container, Iterator
from typing import Any

from inference_operator.domain.names import ChildKey, UnitKey
from inference_operator.observation.kinds import UNITS, WATCHED_WHOLE, is_labelled
from inference_operator.observation.store import Cache

Body = dict[str, Any]


def name_conflicts(
    cache: Cache, key: UnitKey, children: Container[ChildKey]
) -> Iterator[tuple[ChildKey, UnitKey | None]]:
    """Names that are not the unit's to take, with the unit that has or gets them, None for somebody
    else; `children` are its own."""
    name = (key.namespace, key.name)
    for kind in WATCHED_WHOLE:
        child, found = ChildKey(kind, key.name), cache.get(kind, name)
        holder = cache.unit_of(kind, found) if found is not None else None
        if child in children or holder == key:
            continue
        if found is not None and holder is None and not is_labelled(found):
            yield child, None
        elif holder is not None and found is not None and _holds(cache, holder, found):
            yield child, holder
        elif (elder := _elder(cache, key)) is not None:
            yield child, elder


def _holds(cache: Cache, holder: UnitKey, found: Body) -> bool:
    # By labels alone it may have been orphaned by one that is no more: then it is free.
    is_owned = any(r.get("controller") for r in found["metadata"].get("ownerReferences") or ())
    return is_owned or cache.get(holder.kind, (holder.namespace, holder.name)) is not None


def _elder(cache: Cache, key: UnitKey) -> UnitKey | None:
    """The unit of another kind that had the name first, unless it goes."""
    found = [
        (_born(body), rank, UnitKey(unit.kind, key.namespace, key.name))
        for rank, unit in enumerate(UNITS)
        if (body := cache.get(unit.kind, (key.namespace, key.name))) is not None
        and "deletionTimestamp" not in body["metadata"]
    ]
    _, _, first = min(found, default=("", 0, key))
    return None if first == key else first


def _born(body: Body) -> str:
    # What is not stored yet, as in `inference-operator plan`, comes last.
    return str(body["metadata"].get("creationTimestamp") or "9999")
