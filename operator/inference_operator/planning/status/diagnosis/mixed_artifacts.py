"""Diagnosis of pods of one revision that have loaded different artifacts."""

from inference_operator.api.reasons import Reason
from inference_operator.domain.names import revision_child_name
from inference_operator.domain.observed import Children
from inference_operator.domain.served_digests import loaded_digests, served_digests_of
from inference_operator.planning.status.diagnosis.case import Case, Diagnosis


def mixed_artifacts(case: Case, unit: str, children: Children) -> Diagnosis | None:
    """Return the first pod whose artifact is not what the revision has served; else None."""
    record = case.record
    child = revision_child_name(unit, record.revision)
    served = served_digests_of(children, child, record.revision)
    for pod in sorted(children.pods_of(record.revision), key=lambda pod: pod.name):
        for model, sha256 in loaded_digests(pod).items():
            expected = served.get(model)
            if expected not in (None, sha256):
                return Diagnosis(
                    Reason.ARTIFACTS_DIFFER,
                    f"pod {pod.name} has loaded model {model} with sha256 {sha256}, but revision"
                    f" {record.revision} serves {expected}: the artifact at {record.summary} has"
                    " changed; set spec.model.source.sha256 to the digest that you mean, which"
                    f" makes a new revision, or put the former artifact back and run"
                    f" `kubectl -n {case.namespace} delete pod {pod.name}`",
                )
    return None
