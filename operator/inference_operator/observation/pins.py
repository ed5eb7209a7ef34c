"""What the cache knows of the resources that a pipeline's steps refer to."""

from inference_operator.api.reasons import Reason
from inference_operator.domain.names import UnitKey, revision_child_name
from inference_operator.domain.observed import Reference, Referenced, RevisionRecord
from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import is_sha256
from inference_operator.domain.status_uri import is_status_uri_of
from inference_operator.observation.kinds import ENSEMBLE_PIPELINE
from inference_operator.observation.ownership import is_owned_by
from inference_operator.observation.records import Read, record_of
from inference_operator.observation.reference_index import (
    MOST_LOOKED_AT,
    DependencyView,
    dependency_view,
    references_in,
)
from inference_operator.observation.store import Cache


def referenced(
    cache: Cache, unit: UnitKey, spec: object, read: Read = record_of
) -> dict[Reference, Referenced]:
    """The resources that a unit's steps refer to, as far as they exist."""
    found = {}
    ways = cache.paths_back(unit)
    for named in references_in(spec):
        other = UnitKey(named.kind, unit.namespace, named.name)
        known = dependency_view(cache.get(other.kind, (other.namespace, other.name)))
        if known is None:
            continue
        leads_on = named.kind == ENSEMBLE_PIPELINE.kind
        if ways is None and leads_on:
            found[named] = Referenced(unresolved=_too_many(named))
            continue
        found[named] = Referenced(
            stable=_stable(cache, other, known, read),
            ready=known.ready,
            reason=known.reason,
            deleting=known.deleting,
            path_back=tuple(via.name for via in (ways or {}).get(other, ())),
        )
    return found


def _too_many(named: Reference) -> tuple[Reason, str, str]:
    what = (
        f"{named} and this pipeline's other references lead to more than {MOST_LOOKED_AT:,} further"
        " references, too many to look for one that leads back"
    )
    return Reason.REFERENCE_CYCLE, what, "let the steps refer to fewer pipelines"


def _stable(cache: Cache, unit: UnitKey, known: DependencyView, read: Read) -> Pin | None:
    if known.revision is None:
        return None
    name = revision_child_name(unit.name, known.revision)
    kept = cache.get("ControllerRevision", (unit.namespace, name))
    if kept is None or not is_owned_by(kept, known.uid):
        return None
    record = read(cache, kept, unit)
    return _pin(unit, record, known) if isinstance(record, RevisionRecord) else None


def _pin(unit: UnitKey, record: RevisionRecord, known: DependencyView) -> Pin:
    fetched = known.sha256 if is_status_uri_of(known.uri, record.uri) else None
    return Pin(
        kind=unit.kind,
        name=unit.name,
        revision=record.revision,
        model=record.model,
        version=record.version,
        uri=record.uri,
        run_id=record.resolved.run_id if record.resolved else "",
        # Anybody who may edit the status may have left anything there.
        sha256=record.sha256 or (fetched if is_sha256(fetched) else None),
        repository=record.repository,
    )
