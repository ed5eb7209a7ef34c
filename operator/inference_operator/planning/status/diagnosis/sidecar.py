"""Diagnosis of a pod whose sidecar asked the model: a failed first request, or a model that Triton
calls ready and that does not answer."""

from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_text
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.observed import Pod, RevisionRecord
from inference_operator.domain.probe_report import ProbeReport
from inference_operator.planning.status.diagnosis.case import Case, Diagnosis
from inference_operator.resources.pod import PROBE

_LONGEST = 1200


def sidecar_rule(pod: Pod, case: Case) -> Diagnosis | None:
    """Return the diagnosis if the sidecar holds the pod back."""
    probe, triton, record = pod.probe, pod.triton, case.record
    if probe is None or triton is None or not pod.is_held_back:
        return None
    report = ProbeReport.from_json(probe.exit_message)
    # A pod that was ready after the report has another problem now.
    if report is not None and not pod.lost_readiness:
        message = truncate(shown_text(report.message), _LONGEST)
        return Diagnosis(report.reason, f"{message}; {_remedy(report.reason, record)}")
    if not (triton.restarts or pod.lost_readiness or probe.exit_code is not None):
        # It has just started: its first request may be under way.
        return None
    return Diagnosis(
        Reason.MODEL_NOT_ANSWERING,
        f"model {record.model} of pod {pod.name} does not answer, though Triton calls it ready; the"
        f" kubelet restarts Triton if it goes on; see {case.logs(pod, PROBE)}",
    )


def _remedy(reason: Reason, record: RevisionRecord) -> str:
    if reason is Reason.OUTPUT_MISMATCH:
        outputs = "spec.outputs" if record.steps else "spec.model.outputs"
        return f"correct {outputs} or the model, or set spec.triton.firstRequest to Ignore"
    if record.steps:
        return "correct the step that fails, or set spec.triton.firstRequest to Ignore"
    return (
        "correct the model, describe a request that it answers in spec.triton.warmup, or set"
        " spec.triton.firstRequest to Ignore"
    )
