"""What the cache knows of the resources that a pipeline's steps refer to."""

from collections.abc import Mapping
from typing import Any

from inference_operator.adapters.cache import Cache
from inference_operator.adapters.referrers import references_in
from inference_operator.api.conditions import ConditionStatus, ConditionType
from inference_operator.api.status import UnitStatus, read_status
from inference_operator.domain.names import UnitKey, revision_child_name
from inference_operator.domain.observed import Reference, Referenced, RevisionRecord
from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import is_sha256
from inference_operator.resources.controller_revision import read_record

Body = Mapping[str, Any]


def referenced(cache: Cache, unit: UnitKey, spec: object) -> dict[Reference, Referenced]:
    """The resources that a unit's steps refer to, as far as they exist."""
    found = {}
    for named in references_in(spec):
        body = cache.get(named.kind, (unit.namespace, named.name))
        if body is not None:
            found[named] = _view(cache, unit, named, body)
    return found


def _view(cache: Cache, unit: UnitKey, named: Reference, body: Body) -> Referenced:
    way = cache.way(UnitKey(named.kind, unit.namespace, named.name), unit)
    status = read_status(dict(body))
    ready = status.condition(ConditionType.READY)
    return Referenced(
        stable=_stable(cache, named, body, status),
        ready=ready is not None and ready.status is ConditionStatus.TRUE,
        reason=ready.reason if ready is not None else "",
        deleting="deletionTimestamp" in body["metadata"],
        way_back=tuple(other.name for other in way),
    )


def _stable(cache: Cache, named: Reference, body: Body, status: UnitStatus) -> Pin | None:
    if status.stable is None:
        return None
    meta = body["metadata"]
    name = revision_child_name(named.name, status.stable.revision)
    kept = cache.get("ControllerRevision", (meta["namespace"], name))
    record = read_record(kept) if kept is not None else None
    if kept is None or record is None or not _is_owned(kept, meta["uid"]):
        return None
    return _pin(named, record, status)


def _is_owned(child: Body, uid: str) -> bool:
    owners = child["metadata"].get("ownerReferences") or ()
    return any(owner.get("uid") == uid for owner in owners)


def _pin(named: Reference, record: RevisionRecord, status: UnitStatus) -> Pin:
    served = status.model
    fetched = served.sha256 if served is not None and served.uri == record.uri else None
    return Pin(
        kind=named.kind,
        name=named.name,
        revision=record.revision,
        model=record.model,
        version=record.version,
        uri=record.uri,
        run_id=record.resolved.run_id if record.resolved else "",
        # Anybody who may edit the status may have left anything there.
        sha256=record.sha256 or (fetched if is_sha256(fetched) else None),
        repository=record.repository,
    )
