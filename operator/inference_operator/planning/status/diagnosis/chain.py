"""The chain of rules that diagnoses pods: the most specific first."""

from inference_operator.domain.observed import DeploymentView, Pod
from inference_operator.planning.status.diagnosis.case import Case, Diagnosis, Rule
from inference_operator.planning.status.diagnosis.container import container_rule
from inference_operator.planning.status.diagnosis.image import image_rule
from inference_operator.planning.status.diagnosis.loader import artifact_rule
from inference_operator.planning.status.diagnosis.refusal import refusal
from inference_operator.planning.status.diagnosis.schedule import schedule_rule
from inference_operator.planning.status.diagnosis.sidecar import sidecar_rule
from inference_operator.planning.status.diagnosis.triton import memory_rule, triton_rule

RULES: tuple[Rule, ...] = (
    artifact_rule,
    image_rule,
    container_rule,
    memory_rule,
    # Before the rule about Triton's last end, which may be one that the sidecar asked for.
    sidecar_rule,
    triton_rule,
    schedule_rule,
)


def diagnose(
    case: Case, deployment: DeploymentView | None, pods: tuple[Pod, ...]
) -> Diagnosis | None:
    """Return the first rule's diagnosis over all pods; None if there is not a problem (yet)."""
    if deployment is not None and deployment.refused:
        return refusal(deployment.refused, case)
    waiting = [pod for pod in pods if not pod.ready]
    for rule in RULES:
        for pod in waiting:
            if diagnosis := rule(pod, case):
                return diagnosis
    return None
