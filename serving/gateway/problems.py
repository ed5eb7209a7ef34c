"""Reasons of refused requests, and the problem+json body that names field, value and remedy."""

from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from model_builders.features.failure import FailureReason, FeatureError

MEDIA_TYPE = "application/problem+json"
_SHOWN = 80


class Reason(StrEnum):
    """The kind of a refusal. Reasons of bars and texts are those of `FailureReason`."""

    BAD_BODY = "BadBody"
    UNAUTHENTICATED = "Unauthenticated"
    FORBIDDEN = "Forbidden"
    NOT_FOUND = "NotFound"
    METHOD_NOT_ALLOWED = "MethodNotAllowed"
    UNKNOWN_MODEL = "UnknownModel"
    UNKNOWN_PREDICTION = "UnknownPrediction"
    UNKNOWN_BATCH = "UnknownBatch"
    NO_BARS = "NoBars"
    VERSION_NOT_SERVED = "VersionNotServed"
    RATE_EXCEEDED = "RateExceeded"
    BODY_TOO_LARGE = "BodyTooLarge"
    BATCH_TOO_LARGE = "BatchTooLarge"
    WRONG_CONTENT_TYPE = "WrongContentType"
    INVALID_FIELD = "InvalidField"
    UNKNOWN_FIELD = "UnknownField"
    MISSING_FIELD = "MissingField"
    FUTURE_DECISION = "FutureDecision"
    STALE_FEATURES = "StaleFeatures"
    MODEL_PROBLEM = "ModelProblem"
    TOO_MANY_MODELS = "TooManyModels"
    OVERLOADED = "Overloaded"
    TOO_MANY_BATCHES = "TooManyBatches"
    SWITCHED_OFF = "SwitchedOff"
    MODEL_NOT_READY = "ModelNotReady"
    STORE_AWAY = "StoreAway"
    KEYS_AWAY = "KeysAway"
    WRONG_TENSORS = "WrongTensors"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    MODEL_FAILED = "ModelFailed"
    INTERNAL = "Internal"
    WRONG_TYPE = FailureReason.WRONG_TYPE.value
    WRONG_SHAPE = FailureReason.WRONG_SHAPE.value
    NOT_FINITE = FailureReason.NOT_FINITE.value
    OUT_OF_RANGE = FailureReason.OUT_OF_RANGE.value
    PRICE_NOT_POSITIVE = FailureReason.PRICE_NOT_POSITIVE.value
    NEGATIVE_VOLUME = FailureReason.NEGATIVE_VOLUME.value
    IMPOSSIBLE_BAR = FailureReason.IMPOSSIBLE_BAR.value
    OUT_OF_ORDER = FailureReason.OUT_OF_ORDER.value
    DUPLICATE_TIME = FailureReason.DUPLICATE_TIME.value
    STANDS_STILL = FailureReason.STANDS_STILL.value
    TOO_SHORT = FailureReason.TOO_SHORT.value
    EMPTY_TEXT = FailureReason.EMPTY_TEXT.value
    TOO_LONG = FailureReason.TOO_LONG.value


_STATUS: dict[Reason, int] = {
    Reason.BAD_BODY: 400,
    Reason.UNAUTHENTICATED: 401,
    Reason.FORBIDDEN: 403,
    Reason.NOT_FOUND: 404,
    Reason.UNKNOWN_MODEL: 404,
    Reason.UNKNOWN_PREDICTION: 404,
    Reason.UNKNOWN_BATCH: 404,
    Reason.NO_BARS: 404,
    Reason.METHOD_NOT_ALLOWED: 405,
    Reason.VERSION_NOT_SERVED: 409,
    Reason.BODY_TOO_LARGE: 413,
    Reason.BATCH_TOO_LARGE: 413,
    Reason.WRONG_CONTENT_TYPE: 415,
    Reason.RATE_EXCEEDED: 429,
    Reason.INTERNAL: 500,
    Reason.MODEL_FAILED: 502,
    Reason.TOO_MANY_MODELS: 503,
    Reason.OVERLOADED: 503,
    Reason.TOO_MANY_BATCHES: 503,
    Reason.SWITCHED_OFF: 503,
    Reason.MODEL_NOT_READY: 503,
    Reason.STORE_AWAY: 503,
    Reason.KEYS_AWAY: 503,
    Reason.WRONG_TENSORS: 503,
    Reason.DEADLINE_EXCEEDED: 504,
}


def status_of(reason: Reason) -> int:
    """Return the HTTP status of a reason; what is wrong with a field's value is a 422."""
    return _STATUS.get(reason, 422)


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal as data: the field's path, its value, what is expected, and the remedy.

    `retry_after` is a number of seconds for the header of that name.
    """

    reason: Reason
    detail: str
    field: str | None = None
    value: str | None = None
    expected: str | None = None
    remedy: str | None = None
    retry_after: int | None = None

    @property
    def status(self) -> int:
        return status_of(self.reason)

    def below(self, path: str) -> "Problem":
        """Return the problem of a part, named from the whole on.

        >>> Problem(Reason.TOO_SHORT, "…", field="ohlcv_data").below("requests[3]").field
        'requests[3].ohlcv_data'
        """
        return replace(self, field=f"{path}.{self.field}" if self.field else path)

    def body(self, request_id: str | None = None) -> dict[str, Any]:
        """Return the members of RFC 9457, and ours; absent ones are left out."""
        members = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "reason": self.reason.value,
            "field": self.field,
            "found": self.value,
            "expected": self.expected,
            "remedy": self.remedy,
            "request_id": request_id,
        }
        return {name: value for name, value in members.items() if value is not None}


class RefusedError(Exception):
    """A request that gets a problem instead of an answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def of_field(reason: Reason, field: str, given: object, expected: str, remedy: str) -> Problem:
    """Return the problem of a field, with a sentence made of its parts."""
    value = shown(given)
    detail = f"{field}: found {value}, expected {expected}; {remedy}"
    return Problem(reason, detail, field, value, expected, remedy)


def of_features(error: FeatureError, field: str) -> Problem:
    """Return the problem of bars or a text that the shared feature code refused.

    Its message is already a sentence with the place, the value, what is expected and the remedy.
    """
    sentence = str(error).removeprefix(f"{error.reason.value}: ")
    sentence = sentence.replace("bars.ohlcv", field).replace("bars.times", "times")
    claim, _, remedy = sentence.partition("; ")
    claim, _, expected = claim.partition(", expected ")
    path = "times" if sentence.startswith("times:") else field
    value = claim.partition(": ")[2] or claim
    return Problem(
        Reason(error.reason.value), sentence, path, value, expected or None, remedy or None
    )


def shown(value: object) -> str:
    """Return a value as text for a message, cut to a bounded length."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(sign if sign.isprintable() else "?" for sign in text[: _SHOWN + 1])
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
