"""Failures of calls to Triton, as errors of the client; and which of them are tried again."""

from tritonclient.utils import InferenceServerException

from serving.client.errors import ClientReason, Place, TritonError

_LONGEST = 500
# Triton while a model loads, or while a rollout replaces its pod: another pod may answer.
_NOT_READY = ("no available versions", "is not ready", "not yet ready")
_VERSION = "version"
_BY_STATUS = {
    "UNAVAILABLE": ClientReason.UNREACHABLE,
    "DEADLINE_EXCEEDED": ClientReason.DEADLINE_EXCEEDED,
    "INVALID_ARGUMENT": ClientReason.INPUT_REFUSED,
    "NOT_FOUND": ClientReason.MODEL_NOT_FOUND,
    "RESOURCE_EXHAUSTED": ClientReason.OVERLOADED,
}
_BY_WORDS = {
    "maximum queue size": ClientReason.OVERLOADED,
    # gRPC's own, for messages beyond triton.most_message_bytes.
    "Sent message larger than max": ClientReason.INPUT_REFUSED,
    "Received message larger than max": ClientReason.ANSWER_TOO_LARGE,
}
_REMEDIES = {
    ClientReason.UNREACHABLE: "see whether the pods of the model are ready, and the address",
    ClientReason.MODEL_NOT_READY: "wait until a version is loaded; `kubectl get imodel` shows it",
    ClientReason.MODEL_NOT_FOUND: "correct the name, or serve a model of that name",
    ClientReason.VERSION_NOT_SERVED: "ask without a version, or for one that is served",
    ClientReason.INPUT_REFUSED: "correct the input that the message names",
    ClientReason.OVERLOADED: "send fewer requests, or give the model more pods",
    ClientReason.DEADLINE_EXCEEDED: "wait longer, or give the model more pods",
    ClientReason.ANSWER_TOO_LARGE: "ask for less at once, or raise triton.most_message_bytes",
    ClientReason.MODEL_FAILED: "read the log of the model's pods",
}


def error_of(failure: Exception, place: Place) -> TritonError:
    """Return the error of a call that failed."""
    reason = _reason(failure, place)
    words = _words(failure)
    return TritonError(reason, place, words[:_LONGEST], _REMEDIES[reason])


def may_retry(failure: Exception) -> bool:
    """Return whether another attempt may succeed: no server took the call, or it has no version of
    the model. Nothing was computed then."""
    if not isinstance(failure, InferenceServerException):
        return False
    return _status(failure) == "UNAVAILABLE" or _is_not_ready(_words(failure))


def _reason(failure: Exception, place: Place) -> ClientReason:
    words = _words(failure)
    if isinstance(failure, TimeoutError):
        return ClientReason.DEADLINE_EXCEEDED
    if _is_not_ready(words):
        return ClientReason.VERSION_NOT_SERVED if place.version else ClientReason.MODEL_NOT_READY
    for part, reason in _BY_WORDS.items():
        if part in words:
            return reason
    status = _status(failure)
    if status in ("NOT_FOUND", "INVALID_ARGUMENT") and "unknown model" in words.lower():
        is_version = place.version and _VERSION in words
        return ClientReason.VERSION_NOT_SERVED if is_version else ClientReason.MODEL_NOT_FOUND
    return _BY_STATUS.get(status, ClientReason.MODEL_FAILED)


def _is_not_ready(words: str) -> bool:
    return any(each in words for each in _NOT_READY)


def _status(failure: Exception) -> str:
    status = failure.status() if isinstance(failure, InferenceServerException) else None
    return (status or "").rpartition(".")[2]


def _words(failure: Exception) -> str:
    if isinstance(failure, InferenceServerException):
        return str(failure.message() or failure)
    return str(failure) or type(failure).__name__
