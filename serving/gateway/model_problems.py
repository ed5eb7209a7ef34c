"""Problems that come of a model's or its server's failure."""

from serving.client.errors import ClientReason, TritonError
from serving.gateway.problems import Problem, Reason, shown

RETRY_SECONDS = 1
_REASONS = {
    ClientReason.UNREACHABLE: Reason.MODEL_NOT_READY,
    ClientReason.MODEL_NOT_READY: Reason.MODEL_NOT_READY,
    ClientReason.MODEL_NOT_FOUND: Reason.MODEL_NOT_READY,
    ClientReason.VERSION_NOT_SERVED: Reason.VERSION_NOT_SERVED,
    ClientReason.TENSOR_MISMATCH: Reason.WRONG_TENSORS,
    ClientReason.INPUT_REFUSED: Reason.MODEL_PROBLEM,
    ClientReason.NOT_A_NUMBER: Reason.MODEL_PROBLEM,
    ClientReason.OVERLOADED: Reason.OVERLOADED,
    ClientReason.DEADLINE_EXCEEDED: Reason.DEADLINE_EXCEEDED,
    ClientReason.MODEL_FAILED: Reason.MODEL_FAILED,
    ClientReason.ANSWER_TOO_LARGE: Reason.MODEL_FAILED,
    ClientReason.TOO_MANY_MODELS: Reason.TOO_MANY_MODELS,
    ClientReason.CLIENT_CLOSED: Reason.MODEL_NOT_READY,
}
_LONGEST = 600


def of_triton(error: TritonError) -> Problem:
    """Return the problem of a call without an answer: model, version, tensor, and the remedy."""
    reason = _REASONS[error.reason]
    cause = error.problem or error.detail
    detail = f"{error.place}: {cause}; {error.remedy}"
    return Problem(
        reason,
        detail if len(detail) <= _LONGEST else f"{detail[:_LONGEST]}…",
        value=shown(cause),
        remedy=error.remedy,
        retry_after=RETRY_SECONDS if Problem(reason, "").status == 503 else None,
    )


def version_not_served(model: str, version: str, served: str) -> Problem:
    """Return the problem of an answer that another version gave."""
    return Problem(
        Reason.VERSION_NOT_SERVED,
        f"version: found {version} of {model}, expected one that serves ({served}); leave the"
        " version out, or serve it",
        "version",
        version,
        served,
        "leave the version out, or serve it",
    )
