"""Diagnosis of pods that do not serve: a chain of rules, the most specific first."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from inference_operator.api.inference_model import KIND as INFERENCE_MODEL
from inference_operator.api.problem import SOURCE_URI, Problem, joined
from inference_operator.api.quoting import counted
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import NOT_SHOWN, image_is_shown, shown_text
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.observed import Container, DeploymentView, Pod, RevisionRecord
from inference_operator.domain.repository_plan import CONFIG_SUFFIX
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.planning.status.first_request import first_request
from inference_operator.validation.step_overrides import path_of

_IMAGE_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
)
_OWN_IMAGE = (
    "this is the operator's own image: correct INFERENCE_OPERATOR_LOADER_IMAGE of its Deployment"
)
_CONFIG_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError"})
_LOAD_FAILURE = re.compile(r"failed to load '([^']+)' version (\d+): (.+?)\"?$", re.MULTILINE)
_ERROR = re.compile(r"error|fail|exception|abort|unable|cannot", re.IGNORECASE)
_MISSING_CLAIM = re.compile(r'persistentvolumeclaim "([^"]+)" not found')

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
        Reason.CLAIM_NOT_FOUND,
    }
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The reason why a revision does not serve, and a sentence with the remedy."""

    reason: Reason
    message: str


def diagnose(
    record: RevisionRecord,
    deployment: DeploymentView | None,
    pods: tuple[Pod, ...],
    way_out: str = "",
) -> Diagnosis | None:
    """Return the first rule's diagnosis over all pods; None if there is not a problem (yet).

    `way_out` is another remedy for pods that wait for an accelerator.
    """
    if deployment is not None and deployment.refused:
        return Diagnosis(
            Reason.POD_REFUSED,
            f"pods are refused: {shown_text(deployment.refused)}; correct the field of spec"
            " that it names, or ask for the quota or permission",
        )
    waiting = [pod for pod in pods if not pod.ready]
    for rule in _RULES:
        for pod in waiting:
            if diagnosis := rule(pod, record):
                if diagnosis.reason is Reason.GPU_UNAVAILABLE and way_out:
                    return replace(diagnosis, message=f"{diagnosis.message}, or {way_out}")
                return diagnosis
    return None


def load_report(pods: tuple[Pod, ...]) -> LoadReport | None:
    """Return the report of a loader that succeeded, from any pod that still has it."""
    for pod in pods:
        if pod.loader is not None and pod.loader.exit_code == 0:
            report = LoadReport.from_json(pod.loader.exit_message)
            if report is not None and report.succeeded:
                return report
    return None


def _artifact(pod: Pod, record: RevisionRecord) -> Diagnosis | None:
    loader = pod.loader
    if loader is None or loader.exit_code in (None, 0):
        return None
    report = LoadReport.from_json(loader.exit_message)
    if report is not None and report.reason in ARTIFACT_REASONS:
        # Older loaders report a sentence alone, and name the fields of an InferenceModel.
        sentence = f"in a step: {report.message}" if record.steps else report.message
        message = _at_steps(report.problems, record, report.model) or sentence
        return Diagnosis(report.reason, message)
    return Diagnosis(
        Reason.FETCH_FAILED,
        f"the init container {_ending(loader)} while it loaded {record.summary}; see `kubectl logs"
        f" {pod.name} -c load`",
    )


def _image(pod: Pod, record: RevisionRecord) -> Diagnosis | None:
    for container, remedy in ((pod.loader, _OWN_IMAGE), (pod.triton, "correct spec.triton.image")):
        if container is not None and container.waiting_reason in _IMAGE_REASONS:
            cause = container.waiting_message or container.waiting_reason
            image = container.image if image_is_shown(container.image) else NOT_SHOWN
            return Diagnosis(
                Reason.IMAGE_PULL_FAILED,
                f"image {image} cannot be pulled: {_short(cause)}; {remedy}, or name a"
                " pull secret in spec.imagePullSecrets",
            )
    return None


def _container_config(pod: Pod, record: RevisionRecord) -> Diagnosis | None:
    for container in (pod.loader, pod.triton):
        if container is not None and container.waiting_reason in _CONFIG_REASONS:
            return Diagnosis(
                Reason.POD_REFUSED,
                f"a container of pod {pod.name} cannot be created:"
                f" {_short(container.waiting_message)}; correct the field of spec that it names",
            )
    return None


def _out_of_memory(pod: Pod, record: RevisionRecord) -> Diagnosis | None:
    triton = pod.triton
    if triton is None or triton.exit_reason != "OOMKilled":
        return None
    restarts = counted(triton.restarts, "restart")
    return Diagnosis(
        Reason.OUT_OF_MEMORY,
        f"Triton used more than its memory limit and was killed ({restarts});"
        " raise spec.resources.limits.memory, or lower instance counts or batch sizes",
    )


def _model_load(pod: Pod, record: RevisionRecord) -> Diagnosis | None:
    triton = pod.triton
    if triton is None or triton.exit_code in (None, 0):
        return None
    if failure := _LOAD_FAILURE.search(triton.exit_message):
        name, version, cause = failure.groups()
        problem = Problem(
            "spec.model",
            "",
            f"Triton cannot load model {name} version {version}: {_short(_first_line(cause), 500)}",
            "correct the artifact, or the fields of model and triton that it contradicts",
        )
        return Diagnosis(Reason.MODEL_LOAD_FAILED, _at_steps([problem], record, name))
    error, restarts = _last_error(triton.exit_message), counted(triton.restarts, "restart")
    return Diagnosis(
        Reason.CRASH_LOOP,
        f"Triton {_ending(triton)} ({restarts}){error}; see `kubectl logs"
        f" {pod.name} -c triton --previous`",
    )


def _schedule(pod: Pod, record: RevisionRecord) -> Diagnosis | None:
    if not pod.unschedulable:
        return None
    if missing := _MISSING_CLAIM.search(pod.unschedulable):
        claim = missing.group(1)
        requirement = f"PersistentVolumeClaim {claim} does not exist in this namespace"
        problem = Problem(SOURCE_URI, "", requirement, "create it, or name another one")
        if record.steps:
            own = (step for step in record.steps if step.uri.startswith(f"pvc://{claim}/"))
            problem = _placed(problem, own)
        return Diagnosis(Reason.CLAIM_NOT_FOUND, str(problem))
    if re.search(r"Insufficient \S+/\S+", pod.unschedulable):
        return Diagnosis(
            Reason.GPU_UNAVAILABLE,
            f"no node has the accelerator free: {_short(pod.unschedulable)}; free or add one",
        )
    return Diagnosis(
        Reason.UNSCHEDULABLE,
        f"no node accepts the pod: {_short(pod.unschedulable)}; adjust spec.resources or"
        " spec.placement, or add nodes",
    )


def _at_steps(problems: Iterable[Problem], record: RevisionRecord, model: str) -> str:
    """Describe the problems of a model at the fields that define it: in a pipeline, of steps."""
    if not record.steps:
        return joined(problems)
    steps = [step for step in record.steps if _runs(step, model)]
    return joined(_placed(problem, steps, model) for problem in problems)


def _runs(step: ServedStep, model: str) -> bool:
    """Return whether the step runs the model, itself or in the pipeline that it refers to."""
    names = step.pin.repository if step.pin else ()
    return step.model == model or f"{model}{CONFIG_SUFFIX}" in names


def _placed(problem: Problem, steps: Iterable[ServedStep], model: str = "") -> Problem:
    """Return an InferenceModel's problem at the fields of the steps, or of `spec.steps[]`."""
    paths = [_path(problem, step, model) for step in steps]
    path = " and ".join(dict.fromkeys(paths)) or problem.below("spec.steps[]").path
    return replace(problem, path=path)


def _path(problem: Problem, step: ServedStep, model: str) -> str:
    pin = step.pin
    if pin is None:
        place = path_of(step.name)
        moved = problem.below(place)
        return moved.path if moved is not problem else ": ".join(filter(None, (place, moved.path)))
    if pin.kind == INFERENCE_MODEL:
        return " of ".join(filter(None, (problem.path, pin.reference)))
    within = problem.below("spec.steps[]").path
    return " of ".join(filter(None, (within, f"model {model}" if model else "", pin.reference)))


Rule = Callable[[Pod, RevisionRecord], Diagnosis | None]
_RULES: tuple[Rule, ...] = (
    _artifact,
    _image,
    _container_config,
    _out_of_memory,
    # Before the rule about Triton's last end, which may be one that the sidecar asked for.
    lambda pod, record: (sidecar := first_request(pod, record)) and Diagnosis(*sidecar),
    _model_load,
    _schedule,
)


def _ending(container: Container) -> str:
    reason = f" ({container.exit_reason})" if container.exit_reason not in ("", "Error") else ""
    return f"ended with exit code {container.exit_code}{reason}"


def _last_error(text: str) -> str:
    """Return the last line about an error; skip the usage text that may follow it."""
    lines = [line.strip() for line in text.splitlines() if _ERROR.search(line)]
    return f": {_short(lines[-1])}" if lines else ""


def _first_line(text: str) -> str:
    # Triton's log escapes line ends; the lines after the first are a traceback.
    return text.split("\\n", 1)[0].removeprefix("Internal: ").strip('" ')


def _short(text: str, limit: int = 600) -> str:
    return truncate(shown_text(text), limit)
