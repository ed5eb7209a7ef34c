"""Digests that a revision has served, as its children and pods tell."""

from inference_operator.domain.digests_file import DIGESTS_FILE, digests_from_json
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.names import ChildKey, digests_name
from inference_operator.domain.observed import Children, Pod
from inference_operator.domain.repository_plan import is_sha256


def loaded_by(pod: Pod) -> LoadReport | None:
    """Return the report of the pod's loader; None unless it succeeded and still has it."""
    if pod.loader is None or pod.loader.exit_code != 0:
        return None
    report = LoadReport.from_json(pod.loader.exit_message)
    return report if report is not None and report.succeeded else None


def loaded_digests(pod: Pod) -> dict[str, str]:
    """Return the digests of what the pod has loaded, by model; none if its loader has not said."""
    report = loaded_by(pod)
    models = report.models if report is not None else ()
    return {model.name: model.sha256 for model in models if is_sha256(model.sha256)}


def served_digests_of(children: Children, child: str, revision: str) -> dict[str, str]:
    """Return what the revision has served: the recorded digests, or those of a pod that serves.

    `child` is the name of the revision's children.
    """
    live = children.live.get(ChildKey("ConfigMap", digests_name(child)))
    if live is not None:
        recorded = digests_from_json((live.get("data") or {}).get(DIGESTS_FILE))
        if recorded:
            return recorded
    serving = sorted((pod for pod in children.pods_of(revision) if pod.ready), key=_name)
    return next(filter(None, map(loaded_digests, serving)), {})


def _name(pod: Pod) -> str:
    return pod.name
