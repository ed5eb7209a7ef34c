"""Decisions in a status: the last steps of rollouts and scaling, and the artifacts they name."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from inference_operator.api.conditions import StatusModel, Time

DECISIONS_KEPT = 20
# Of each kind, so that frequent scaling does not hide the last rollout.
DECISIONS_OF_A_KIND = 10
DECISION_MESSAGE_LENGTH = 4096
DECISION_REASON_LENGTH = 1024
DECISION_URI_LENGTH = 2048
DECISION_STEPS_LENGTH = 1024
DECISION_NAME_LENGTH = 253


class DecisionKind(StrEnum):
    """What a decision is about."""

    ROLLOUT = "Rollout"
    SCALING = "Scaling"


class ArtifactStatus(StatusModel):
    """Artifact of a revision, or a pipeline's set of steps."""

    uri: Annotated[str, Field(max_length=DECISION_URI_LENGTH)] | None = None
    """Location of the artifact; for an alias, the version that it named. Absent for pipelines."""

    version: Annotated[str, Field(max_length=DECISION_NAME_LENGTH)] | None = None
    """The registry's version, or the number of a pipeline's set of steps."""

    sha256: Annotated[str, Field(max_length=64)] | None = None
    """Digest of the artifact, if it was known at that time."""

    steps: Annotated[str, Field(max_length=DECISION_STEPS_LENGTH)] | None = None
    """Summary of a pipeline's steps with their versions."""


class DecisionStatus(StatusModel):
    """One rollout or scaling decision."""

    time: Time
    """Time of the decision."""

    kind: DecisionKind | None = None
    """Rollout: which revision serves. Scaling: how many replicas there are. Decisions of operators
    before this field lack it."""

    source: Annotated[
        Annotated[str, Field(max_length=DECISION_NAME_LENGTH)] | None, Field(alias="from")
    ] = None
    """State before the decision: a revision, or a number of replicas."""

    target: Annotated[
        Annotated[str, Field(max_length=DECISION_NAME_LENGTH)] | None, Field(alias="to")
    ] = None
    """State after the decision."""

    artifact: ArtifactStatus | None = None
    """What the revision in `to` serves. Decisions of operators before this field lack it."""

    reason: Annotated[str, Field(max_length=DECISION_REASON_LENGTH)]
    """Cause of the decision, as a CamelCase word."""

    message: Annotated[str, Field(max_length=DECISION_MESSAGE_LENGTH)]
    """Cause of the decision, as a sentence with the numbers."""
