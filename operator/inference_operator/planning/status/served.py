"""The history of a unit: which revision led clients when, from its decisions and records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from inference_operator.api.decision_status import ArtifactStatus, DecisionStatus
from inference_operator.api.reasons import Reason
from inference_operator.api.status import UnitStatus
from inference_operator.domain.artifact import Artifact
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.status_uri import status_uri
from inference_operator.planning.artifacts import artifact_of_record


@dataclass(frozen=True, slots=True)
class Served:
    """A time in which clients were led to one revision."""

    revision: str
    start: datetime | None
    """None if the status does not keep it any more."""

    end: datetime | None
    """None while it still serves."""

    artifact: Artifact | None
    """The artifact, with its address as a status shows it. None if neither a decision nor a record
    names it any more."""


@dataclass(frozen=True, slots=True)
class History:
    """The known times, the oldest first."""

    served: tuple[Served, ...]
    is_cut: bool
    """Whether there were earlier revisions that the status does not keep."""


def history_of(status: UnitStatus, records: Mapping[str, RevisionRecord]) -> History:
    """Return which artifact clients were led to, from when to when.

    The status keeps at most 20 decisions; records give the artifacts of decisions that do not
    name them.
    """
    promotions = [d for d in status.decisions if d.reason == Reason.PROMOTED and d.target]
    served = tuple(_times(status, promotions, records))
    is_cut = bool(served) and served[0].start is None
    return History(served, is_cut)


def _times(
    status: UnitStatus,
    promotions: Sequence[DecisionStatus],
    records: Mapping[str, RevisionRecord],
) -> Iterator[Served]:
    stable = status.stable.revision if status.stable else None
    since = status.rollout.promoted_at if status.rollout else None
    first, last = (promotions[0], promotions[-1]) if promotions else (None, None)
    if first is not None and first.source:
        yield Served(first.source, None, first.time, _recorded(status, records, first.source))
    for decision, following in zip(promotions, (*promotions[1:], None), strict=False):
        revision = decision.target or ""
        artifact = _stated(decision.artifact) or _recorded(status, records, revision)
        # A status that was lost has no decision about its present revision.
        is_replaced = following is None and revision != stable
        end = following.time if following else since if is_replaced else None
        yield Served(revision, decision.time, end, artifact)
    if stable is not None and (last is None or last.target != stable):
        yield Served(stable, since, None, _recorded(status, records, stable))


def _stated(artifact: ArtifactStatus | None) -> Artifact | None:
    if artifact is None:
        return None
    return Artifact(
        uri=artifact.uri or "",
        version=artifact.version or "",
        sha256=artifact.sha256,
        steps=artifact.steps or "",
    )


def _recorded(
    status: UnitStatus, records: Mapping[str, RevisionRecord], revision: str
) -> Artifact | None:
    record = records.get(revision)
    if record is None:
        return None
    is_stable = status.stable is not None and status.stable.revision == revision
    digest = status.model.sha256 if is_stable and status.model else None
    artifact = artifact_of_record(record, digest)
    return replace(artifact, uri=status_uri(artifact.uri))
