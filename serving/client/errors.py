"""The error of a call that has no answer, with a reason for code and a remedy for people."""

from dataclasses import dataclass
from enum import StrEnum


class ClientReason(StrEnum):
    """The kind of failure of a call to Triton."""

    UNREACHABLE = "Unreachable"
    """No server takes the call: the address is wrong, or all pods are gone."""
    MODEL_NOT_READY = "ModelNotReady"
    """The server is there, and no version of the model is loaded."""
    MODEL_NOT_FOUND = "ModelNotFound"
    """The server has no model of that name, or the client has no route for it."""
    VERSION_NOT_SERVED = "VersionNotServed"
    """The model is there, and not in the version that was asked for."""
    TENSOR_MISMATCH = "TensorMismatch"
    """The model's tensors are not those that the route sends and reads."""
    INPUT_REFUSED = "InputRefused"
    """Triton or the model refuses the values or shapes that were sent."""
    NOT_A_NUMBER = "NotANumber"
    """The model answered NaN or infinity: it could not read the input."""
    OVERLOADED = "Overloaded"
    """The server's queue is full."""
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    """The answer did not come in time."""
    MODEL_FAILED = "ModelFailed"
    """The model or the server failed while it computed the answer."""
    ANSWER_TOO_LARGE = "AnswerTooLarge"
    """The answer has more bytes than the settings allow."""
    TOO_MANY_MODELS = "TooManyModels"
    """All connections that the settings allow are in use."""
    CLIENT_CLOSED = "ClientClosed"
    """The client was closed before the call."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a failure: the model, and as far as known its version and the tensor."""

    model: str
    version: str = ""
    tensor: str = ""
    target: str = ""

    def __str__(self) -> str:
        version = f" version {self.version}" if self.version else ""
        tensor = f", tensor {self.tensor}" if self.tensor else ""
        target = f" at {self.target}" if self.target else ""
        return f"model {self.model}{version}{target}{tensor}"


class TritonError(Exception):
    """A call without an answer: `reason` is for code, the message names place and remedy.

    `detail` is what was found, `remedy` what to do. `problem` is the model's own sentence about an
    input that it could not read, empty if it gave none.
    """

    def __init__(
        self, reason: ClientReason, place: Place, detail: str, remedy: str, problem: str = ""
    ) -> None:
        super().__init__(f"{reason}: {place}: {detail}; {remedy}")
        self.reason = reason
        self.place = place
        self.detail = detail
        self.remedy = remedy
        self.problem = problem
