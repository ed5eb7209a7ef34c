"""The next try after a person has removed the cause of a problem: by itself, or not."""

from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import RevisionRecord
from inference_operator.planning.status.diagnosis import ARTIFACT_REASONS

_FETCHED_AGAIN = "the pod fetches again by itself, after 5 minutes at most"
_WHEN_THERE = "the pod starts by itself when the claim is bound"
_STARTED_AGAIN = "the kubelet starts Triton again by itself, after 5 minutes at most"
_LOADED_ALREADY = "if you upload another artifact, delete the pod so that it fetches again"
_NEXT_TRY = {
    **dict.fromkeys(ARTIFACT_REASONS, _FETCHED_AGAIN),
    Reason.CLAIM_NOT_FOUND: _WHEN_THERE,
    Reason.CLAIM_NOT_BOUND: _WHEN_THERE,
    # The first artifact of a revision stays: another one needs another revision.
    Reason.ARTIFACTS_DIFFER: "",
    Reason.MODEL_LOAD_FAILED: _LOADED_ALREADY,
    Reason.FIRST_REQUEST_FAILED: _LOADED_ALREADY,
    Reason.OUTPUT_MISMATCH: _LOADED_ALREADY,
    Reason.CRASH_LOOP: _STARTED_AGAIN,
    Reason.OUT_OF_MEMORY: _STARTED_AGAIN,
    Reason.IMAGE_PULL_FAILED: "the kubelet pulls again by itself, after 5 minutes at most",
    Reason.POD_REFUSED: "the pods are requested again by themselves",
}


def next_try(reason: Reason, record: RevisionRecord | None) -> str:
    """Return what happens next, to be appended to a message; empty if only an edit helps."""
    sentence = _NEXT_TRY.get(reason, "") if record is not None else ""
    return f"; {sentence}" if sentence else ""
