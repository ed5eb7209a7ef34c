"""The artifacts of revisions, from their records and from the reports of their pods."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from inference_operator.api.decision_status import DecisionKind
from inference_operator.domain.artifact import Artifact
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.repository_plan import is_sha256
from inference_operator.domain.rollout_state import Decision
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.planning.status.diagnosis import load_report


def artifact_of_unit(seen: Observed, unit: ServingUnit) -> Artifact:
    """Return the artifact of the revision to reach, which may have no record yet."""
    if unit.steps:
        return Artifact(steps=",".join(step.summary for step in unit.steps))
    model = unit.entry_model
    return Artifact(
        uri=model.uri,
        version=str(model.version) if model.resolved else "",
        sha256=loaded_digest(seen, unit.revision) or model.planned.sha256,
        run_id=model.resolved.run_id if model.resolved else "",
    )


def artifact_of_record(record: RevisionRecord, digest: str | None = None) -> Artifact:
    """Return the artifact of a recorded revision; `digest` is that of the artifact which a pod
    fetched."""
    if record.steps:
        return Artifact(version=str(record.version), steps=record.step_versions)
    resolved = record.resolved
    pinned = record.sha256 or (resolved.facts.sha256 if resolved else None)
    return Artifact(
        uri=record.uri,
        version=str(record.version) if resolved else "",
        sha256=digest or pinned,
        run_id=resolved.run_id if resolved else "",
    )


def loaded_digest(seen: Observed, revision: str) -> str | None:
    """Return the digest of the artifact that a pod of the revision fetched, if one reports it."""
    return digest_in(load_report(seen.children.pods_of(revision)))


def digest_in(report: LoadReport | None) -> str | None:
    """Return the digest of the first model in a loader's report."""
    digest = report.models[0].sha256 if report is not None and report.models else None
    return digest if is_sha256(digest) else None


def with_artifacts(
    seen: Observed, decisions: Iterable[Decision], records: Mapping[str, RevisionRecord]
) -> tuple[Decision, ...]:
    """Return the decisions, those of rollouts with the artifact of their target revision."""
    return tuple(_with_artifact(seen, decision, records) for decision in decisions)


def _with_artifact(
    seen: Observed, decision: Decision, records: Mapping[str, RevisionRecord]
) -> Decision:
    record = records.get(decision.target or "")
    if record is None or decision.kind is not DecisionKind.ROLLOUT:
        return decision
    digest = loaded_digest(seen, record.revision)
    return replace(decision, artifact=artifact_of_record(record, digest))
