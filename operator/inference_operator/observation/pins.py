"""The stored state of resources that a pipeline's steps refer to."""

from inference_operator.api.reasons import Reason
from inference_operator.domain.names import UnitKey, revision_child_name
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.pins import Pin
from inference_operator.domain.references import Reference, Referenced
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
from inference_operator.observation.store import Store


def referenced(
    store: Store, unit: UnitKey, spec: object, read: Read = record_of
) -> dict[Reference, Referenced]:
    """Return the existing resources that a unit's steps refer to."""
    references = {}
    paths = store.paths_back(unit)
    for named in references_in(spec):
        other = UnitKey(named.kind, unit.namespace, named.name)
        view = dependency_view(store.get(other.kind, (other.namespace, other.name)))
        if view is None:
            continue
        leads_on = named.kind == ENSEMBLE_PIPELINE.kind
        if paths is None and leads_on:
            references[named] = Referenced(unresolved=_too_many(named))
            continue
        references[named] = Referenced(
            stable=_stable(store, other, view, read),
            ready=view.ready,
            reason=view.reason,
            deleting=view.deleting,
            path_back=tuple(via.name for via in (paths or {}).get(other, ())),
        )
    return references


def _too_many(named: Reference) -> tuple[Reason, str, str]:
    requirement = (
        f"{named} and this pipeline's other references lead to more than {MOST_LOOKED_AT:,} further"
        " references, too many to check for a cycle"
    )
    return Reason.REFERENCE_CYCLE, requirement, "let the steps refer to fewer pipelines"


def _stable(store: Store, unit: UnitKey, view: DependencyView, read: Read) -> Pin | None:
    if view.revision is None:
        return None
    name = revision_child_name(unit.name, view.revision)
    kept = store.get("ControllerRevision", (unit.namespace, name))
    if kept is None or not is_owned_by(kept, view.uid):
        return None
    record = read(store, kept, unit)
    return _pin(unit, record, view) if isinstance(record, RevisionRecord) else None


def _pin(unit: UnitKey, record: RevisionRecord, view: DependencyView) -> Pin:
    fetched = view.sha256 if is_status_uri_of(view.uri, record.uri) else None
    return Pin(
        kind=unit.kind,
        name=unit.name,
        revision=record.revision,
        model=record.model,
        version=record.version,
        uri=record.uri,
        run_id=record.resolved.run_id if record.resolved else "",
        # The value is untrusted: clients may have edited the status.
        sha256=record.sha256 or (fetched if is_sha256(fetched) else None),
        repository=record.repository,
    )
