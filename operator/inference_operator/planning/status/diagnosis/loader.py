"""Diagnosis of the init container: its report about the artifact, or its end without one."""

from inference_operator.api.reasons import Reason
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.observed import Pod
from inference_operator.domain.served_digests import loaded_by
from inference_operator.planning.status.diagnosis.case import Case, Diagnosis, ending
from inference_operator.planning.status.diagnosis.paths import at_steps
from inference_operator.resources.pod import LOADER

ARTIFACT_REASONS = frozenset(
    {
        Reason.ARTIFACT_NOT_FOUND,
        Reason.ARTIFACT_FORBIDDEN,
        Reason.ARTIFACT_INVALID,
        Reason.DIGEST_MISMATCH,
        Reason.ARTIFACTS_DIFFER,
        Reason.TENSOR_MISMATCH,
        Reason.INSUFFICIENT_DISK,
        Reason.FETCH_FAILED,
        Reason.SECRET_NOT_FOUND,
        Reason.CLAIM_NOT_FOUND,
        Reason.CLAIM_NOT_BOUND,
    }
)


def load_report(pods: tuple[Pod, ...]) -> LoadReport | None:
    """Return the report of a loader that succeeded, from any pod that still has it."""
    return next(filter(None, map(loaded_by, pods)), None)


def artifact_rule(pod: Pod, case: Case) -> Diagnosis | None:
    """Diagnose an artifact that cannot be loaded."""
    loader, record = pod.loader, case.record
    if loader is None or loader.exit_code in (None, 0):
        return None
    report = LoadReport.from_json(loader.exit_message)
    if report is not None and report.reason in ARTIFACT_REASONS:
        # Older loaders report a sentence alone, and name the fields of an InferenceModel.
        sentence = f"in a step: {report.message}" if record.steps else report.message
        message = at_steps(report.problems, record, report.model) or sentence
        if report.reason is Reason.FETCH_FAILED and not report.problems:
            # The loader itself failed: only its log has the cause.
            message = f"{message}; see {case.logs(pod, LOADER)}"
        if report.reason is Reason.ARTIFACT_INVALID and not record.steps:
            # A problem of a file names it as Triton's repository does.
            is_of_a_file = not message.startswith("spec.")
            message = f"{record.summary}: {message}" if is_of_a_file else message
        return Diagnosis(report.reason, message)
    return Diagnosis(
        Reason.FETCH_FAILED,
        f"the init container {ending(loader)} while it loaded {record.summary}; see"
        f" {case.logs(pod, LOADER)}",
    )
