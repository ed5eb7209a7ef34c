"""`status.rollout`: the state of a rollout, from which the operator continues."""

from typing import Annotated

from pydantic import AfterValidator, Field

from inference_operator.api.conditions import StatusModel, Time

REVISION_LENGTH = 63
VERSION_LENGTH = 253
REASON_LENGTH = 63
ABORT_MESSAGE_LENGTH = 1024
COMMAND_LENGTH = 253

RevisionHash = Annotated[str, Field(max_length=REVISION_LENGTH)]


def _storable(value: int) -> int:
    # A float may be read as hundreds of digits, which the API server refuses.
    if value >= 2**63:
        raise ValueError("expected a number of at most 64 bits")
    return value


Command = Annotated[str, Field(max_length=COMMAND_LENGTH)]
Count = Annotated[int, Field(ge=0), AfterValidator(_storable)]


class AbortStatus(StatusModel):
    """A rollout that was aborted. Its revision is not started again by itself."""

    revision: RevisionHash
    """The revision that was aborted."""

    version: Annotated[str, Field(max_length=VERSION_LENGTH)] | None = None
    """Version that Triton reports while this revision serves."""

    time: Time
    """Time of the abort; `abortScaleDownDelay` counts from here."""

    reason: Annotated[str, Field(max_length=REASON_LENGTH)]
    """Cause of the abort, as a CamelCase word."""

    message: Annotated[str, Field(max_length=ABORT_MESSAGE_LENGTH)]
    """Cause of the abort, as a sentence."""


class BaselineStatus(StatusModel):
    """The pods of the stable revision that a canary is compared with."""

    revision: RevisionHash
    """The stable revision, which they serve."""

    replicas: Count = 0
    """Number of its pods. They are not among those of `stable`."""

    ready: Count = 0
    """Number of its pods in which the model answers."""

    since: Time | None = None
    """Since when none of them answers; `progressDeadline` counts from here."""

    late_at: Time | None = None
    """Time when `progressDeadline` was over. The canary is compared with the stable revision's own
    pods since then."""


class RolloutStatus(StatusModel):
    """State of the rollout, from which the operator continues."""

    since: Time | None = None
    """Time of the canary's last progress; `progressDeadline` counts from here."""

    ready: Count = 0
    """Number of the canary's ready pods at `since`."""

    previous: RevisionHash | None = None
    """Revision that clients left last; its pods stay for `scaleDownDelay`."""

    promoted_at: Time | None = None
    """Time when clients moved to the stable revision; `scaleDownDelay` counts from here."""

    current_step_index: Count | None = None
    """The step that the rollout is at, the first one being 0; the number of steps after the last
    one. Absent without steps."""

    current_step_hash: Annotated[str, Field(max_length=63, pattern=r"^[0-9a-f]*$")] | None = None
    """Hash of the steps. When somebody edits them, the rollout starts again at the first step."""

    step_since: Time | None = None
    """Time when the present step began; the duration of a pause counts from here."""

    cleared_step_index: Count | None = None
    """The step up to which the rollout goes on whether its metrics pass or not: a person ended the
    step before it, or `onTimeout` did. It counts as `currentStepIndex` does."""

    aborted: AbortStatus | None = None
    """The last rollout, if it was aborted and the spec still wants its revision."""

    handled: Annotated[tuple[Command, ...], Field(max_length=8)] = ()
    """The commands of people that were acted on, such as `promote=REVISION/STEP`, while their
    annotations are there."""
