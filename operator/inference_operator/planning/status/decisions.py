"""The decisions of a status: those of before and those of the pass, up to a number of each kind."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from inference_operator.api.decision_status import (
    DECISION_MESSAGE_LENGTH,
    DECISION_NAME_LENGTH,
    DECISION_REASON_LENGTH,
    DECISION_STEPS_LENGTH,
    DECISION_URI_LENGTH,
    DECISIONS_KEPT,
    DECISIONS_OF_A_KIND,
    ArtifactStatus,
    DecisionStatus,
)
from inference_operator.domain.artifact import Artifact
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.repository_plan import is_sha256
from inference_operator.domain.rollout_state import Decision, kind_of_recorded
from inference_operator.domain.status_uri import status_uri


def reported_decisions(
    before: tuple[DecisionStatus, ...], made: tuple[Decision, ...], now: datetime
) -> tuple[DecisionStatus, ...]:
    """Return the newest decisions of the status before and of the pass."""
    kept = (*map(_carried, before), *(_decision(decision, now) for decision in made))
    return _newest(kept)


def _newest(decisions: Sequence[DecisionStatus]) -> tuple[DecisionStatus, ...]:
    """Return the newest decisions, and among them enough of each kind."""
    kinds = list(map(kind_of_recorded, decisions))
    excess, left = len(decisions) - DECISIONS_KEPT, Counter(kinds)
    newest: list[DecisionStatus] = []
    for decision, kind in zip(decisions, kinds, strict=True):
        if excess > 0 and left[kind] > DECISIONS_OF_A_KIND:
            excess, left[kind] = excess - 1, left[kind] - 1
        else:
            newest.append(decision)
    return tuple(newest)


def _carried(decision: DecisionStatus) -> DecisionStatus:
    """Cut an old decision to the lengths that we write: a client may have edited it."""
    return decision.model_copy(
        update={
            "source": _name(decision.source),
            "target": _name(decision.target),
            "artifact": _carried_artifact(decision.artifact),
            "reason": truncate(decision.reason, DECISION_REASON_LENGTH),
            "message": truncate(decision.message, DECISION_MESSAGE_LENGTH),
        }
    )


def _carried_artifact(artifact: ArtifactStatus | None) -> ArtifactStatus | None:
    if artifact is None:
        return None
    return ArtifactStatus(
        uri=_text(artifact.uri, DECISION_URI_LENGTH),
        version=_name(artifact.version),
        sha256=artifact.sha256 if is_sha256(artifact.sha256) else None,
        steps=_text(artifact.steps, DECISION_STEPS_LENGTH),
    )


def _decision(decision: Decision, now: datetime) -> DecisionStatus:
    return DecisionStatus(
        time=now,
        kind=decision.kind,
        source=_name(decision.source),
        target=_name(decision.target),
        artifact=_artifact(decision.artifact),
        reason=decision.reason,
        message=truncate(decision.message, DECISION_MESSAGE_LENGTH),
    )


def _artifact(artifact: Artifact | None) -> ArtifactStatus | None:
    if artifact is None:
        return None
    return ArtifactStatus(
        uri=status_uri(artifact.uri) or None,
        version=_name(artifact.version or None),
        sha256=artifact.sha256,
        steps=_text(artifact.steps or None, DECISION_STEPS_LENGTH),
    )


def _name(text: str | None) -> str | None:
    return _text(text, DECISION_NAME_LENGTH)


def _text(text: str | None, limit: int) -> str | None:
    return None if text is None else truncate(text, limit)
