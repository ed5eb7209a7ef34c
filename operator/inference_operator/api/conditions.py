"""Conditions of the status, in the shape of Kubernetes' `metav1.Condition`."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
MESSAGE_LENGTH = 32768


# All our times lie within. Beyond them, a time has no form in UTC, or a year of three digits.
_FIRST_YEAR, _LAST_YEAR = 1970, 9998


def _whole_seconds_utc(value: datetime) -> datetime:
    if not _FIRST_YEAR < value.year < _LAST_YEAR:
        raise ValueError(f"expected a year between {_FIRST_YEAR} and {_LAST_YEAR}")
    return value.astimezone(UTC).replace(microsecond=0)


def format_time(value: datetime) -> str:
    """Return the time in RFC 3339, in UTC and whole seconds, as the API server writes times."""
    return value.astimezone(UTC).strftime(TIME_FORMAT)


# Whole seconds already in memory, so that a new status equals the one read back later.
Time = Annotated[
    AwareDatetime,
    AfterValidator(_whole_seconds_utc),
    PlainSerializer(format_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class StatusModel(BaseModel):
    """Base of status types: frozen, but open to unknown fields, since another version may have
    written them."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )


class ConditionType(StrEnum):
    """Types of conditions. All types have positive polarity except Reconciling and Stalled, which
    are present only while True (kstatus)."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    SPEC_VALID = "SpecValid"
    ARTIFACT_RESOLVED = "ArtifactResolved"
    AVAILABLE = "Available"
    MODEL_LOADED = "ModelLoaded"
    DEFAULTS_CURRENT = "DefaultsCurrent"
    RESOLVED_REFS = "ResolvedRefs"
    GATEWAY_PROGRAMMED = "GatewayProgrammed"
    CANARY_HEALTHY = "CanaryHealthy"
    METRICS_AVAILABLE = "MetricsAvailable"
    SCALING_ACTIVE = "ScalingActive"
    SCALING_LIMITED = "ScalingLimited"


class ConditionStatus(StrEnum):
    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(StatusModel):
    """One observation of the object's state."""

    type: Annotated[str, Field(max_length=316)]
    """Aspect of the object's state: Ready, Reconciling, Stalled, SpecValid, ArtifactResolved,
    Available, ModelLoaded, GatewayProgrammed, CanaryHealthy, MetricsAvailable, DefaultsCurrent or
    ResolvedRefs."""

    status: ConditionStatus
    """True, False or Unknown."""

    observed_generation: Annotated[int, Field(ge=0)]
    """The `metadata.generation` that this condition describes."""

    last_transition_time: Time
    """Time of the last change of `status`."""

    reason: Annotated[str, Field(min_length=1, max_length=1024)]
    """Cause of the status, as a CamelCase word that scripts may match."""

    message: Annotated[str, Field(max_length=MESSAGE_LENGTH)]
    """Cause of the status, as a sentence for a person."""
