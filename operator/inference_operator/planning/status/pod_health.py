"""Why the pods of a revision do not serve yet: a chain of rules, the most telling first."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from inference_operator.api.inference_model import KIND as INFERENCE_MODEL
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import NOT_SHOWN, image_is_shown, shown_text, shown_uri
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.message_limits import truncate
from inference_operator.domain.observed import Container, DeploymentView, Pod, RevisionRecord
from inference_operator.domain.repository_plan import CONFIG_SUFFIX
from inference_operator.domain.serving_unit import ServedStep

_IMAGE_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
)
_OWN_IMAGE = "it is the operator's own: correct INFERENCE_OPERATOR_LOADER_IMAGE of its Deployment"
_CONFIG_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError"})
_LOAD_FAILURE = re.compile(r"failed to load '([^']+)' version (\d+): (.+?)\"?$", re.MULTILINE)
_ERROR = re.compile(r"error|fail|exception|abort|unable|cannot", re.IGNORECASE)
_MODEL_FIELD = re.compile(r"spec\.model(?:\.\w+|\[\w+\])*(?: and spec\.triton)?")
_MISSING_CLAIM = re.compile(r'persistentvolumeclaim "([^"]+)" not found')

ARTIFACT_REASONS = frozenset(
    {
        Reason.ARTIFACT_NOT_FOUND,
        Reason.ARTIFACT_FORBIDDEN,
        Reason.ARTIFACT_INVALID,
        Reason.DIGEST_MISMATCH,
        Reason.TENSOR_MISMATCH,
        Reason.INSUFFICIENT_DISK,
        Reason.FETCH_FAILED,
        Reason.CLAIM_NOT_FOUND,
    }
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What keeps a revision from serving, in a sentence that says what to do."""

    reason: Reason
    message: str


def diagnose(
    record: RevisionRecord,
    deployment: DeploymentView | None,
    pods: tuple[Pod, ...],
    way_out: str = "",
) -> Diagnosis | None:
    """The first rule that finds something, over all pods; None when nothing is wrong (yet).

    `way_out` is what helps pods that wait for an accelerator, beside one that is free.
    """
    if deployment is not None and deployment.refused:
        return Diagnosis(
            Reason.POD_REFUSED,
            f"pods are refused: {shown_text(deployment.refused)}; correct what it names in spec, or"
            " ask for the quota or permission",
        )
    waiting = [pod for pod in pods if not pod.ready]
    for rule in _RULES:
        for pod in waiting:
            if found := rule(pod, record):
                if found.reason is Reason.GPU_UNAVAILABLE and way_out:
                    found = replace(found, message=f"{found.message}, or {way_out}")
                return _of_steps(found, record) if record.steps else found
    return None


def _of_steps(found: Diagnosis, record: RevisionRecord) -> Diagnosis:
    """In the words of a pipeline, whose models are those of its steps, or of what they refer to."""
    text = found.message
    pins = [step.pin for step in record.steps if _tells_of(text, step)]
    of = {pin.reference if pin else "" for pin in pins}
    pin = pins[0] if len(of) == 1 else None
    if pin is not None:
        text = _MODEL_FIELD.sub(rf"\g<0> of {pin.reference}", text)
    if pin is None or pin.kind != INFERENCE_MODEL:
        text = text.replace("spec.model", "the step's model")
    return replace(found, message=text)


def _tells_of(text: str, step: ServedStep) -> bool:
    """Whether a sentence is about a model of the step: the loader and Triton name it first."""
    files = step.pin.repository if step.pin else ()
    names = {step.model, *(file.removesuffix(CONFIG_SUFFIX) for file in files)}
    is_named = any(text.startswith(f"{n}: ") or f" model {n} version " in text for n in names)
    return is_named or (step.uri != "" and shown_uri(step.uri) in text)


def load_report(pods: tuple[Pod, ...]) -> LoadReport | None:
    """What a loader that succeeded said, from whichever pod still has it."""
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
        return Diagnosis(report.reason, report.message)
    return Diagnosis(
        Reason.FETCH_FAILED,
        f"the init container {_ending(loader)} while it loaded {record.words}; see `kubectl logs"
        f" {pod.name} -c load`",
    )


def _image(pod: Pod, record: RevisionRecord) -> Diagnosis | None:
    for container, remedy in ((pod.loader, _OWN_IMAGE), (pod.triton, "correct spec.triton.image")):
        if container is not None and container.waiting_reason in _IMAGE_REASONS:
            said = container.waiting_message or container.waiting_reason
            image = container.image if image_is_shown(container.image) else NOT_SHOWN
            return Diagnosis(
                Reason.IMAGE_PULL_FAILED,
                f"image {image} cannot be pulled: {_short(said)}; {remedy}, or name a"
                " pull secret in spec.imagePullSecrets",
            )
    return None


def _container_config(pod: Pod, record: RevisionRecord) -> Diagnosis | None:
    for container in (pod.loader, pod.triton):
        if container is not None and container.waiting_reason in _CONFIG_REASONS:
            return Diagnosis(
                Reason.POD_REFUSED,
                f"a container of pod {pod.name} cannot be created:"
                f" {_short(container.waiting_message)}; correct what it names in spec",
            )
    return None


def _out_of_memory(pod: Pod, record: RevisionRecord) -> Diagnosis | None:
    triton = pod.triton
    if triton is None or triton.exit_reason != "OOMKilled":
        return None
    return Diagnosis(
        Reason.OUT_OF_MEMORY,
        f"Triton used more than its memory limit and was killed ({triton.restarts} restarts);"
        " raise spec.resources.limits.memory, or lower instance counts or batch sizes",
    )


def _model_load(pod: Pod, record: RevisionRecord) -> Diagnosis | None:
    triton = pod.triton
    if triton is None or triton.exit_code in (None, 0):
        return None
    if found := _LOAD_FAILURE.search(triton.exit_message):
        name, version, said = found.groups()
        return Diagnosis(
            Reason.MODEL_LOAD_FAILED,
            f"Triton cannot load model {name} version {version}: {_short(_first_line(said))};"
            " correct the artifact or what of spec.model and spec.triton it contradicts",
        )
    said = _last_error(triton.exit_message)
    return Diagnosis(
        Reason.CRASH_LOOP,
        f"Triton {_ending(triton)} ({triton.restarts} restarts){said}; see `kubectl logs"
        f" {pod.name} -c triton --previous`",
    )


def _schedule(pod: Pod, record: RevisionRecord) -> Diagnosis | None:
    if not pod.unschedulable:
        return None
    if found := _MISSING_CLAIM.search(pod.unschedulable):
        return Diagnosis(
            Reason.CLAIM_NOT_FOUND,
            f"PersistentVolumeClaim {found.group(1)} of {record.words} does not exist in this"
            " namespace; create it, or correct spec.model.source.uri",
        )
    if re.search(r"Insufficient \S+/\S+", pod.unschedulable):
        return Diagnosis(
            Reason.GPU_UNAVAILABLE,
            f"no node has the accelerator free: {_short(pod.unschedulable)}; free or add one",
        )
    return Diagnosis(
        Reason.UNSCHEDULABLE,
        f"no node takes the pod: {_short(pod.unschedulable)}; adjust spec.resources or"
        " spec.placement, or add nodes",
    )


Rule = Callable[[Pod, RevisionRecord], Diagnosis | None]
_RULES: tuple[Rule, ...] = (
    _artifact,
    _image,
    _container_config,
    _out_of_memory,
    _model_load,
    _schedule,
)


def _ending(container: Container) -> str:
    reason = f" ({container.exit_reason})" if container.exit_reason not in ("", "Error") else ""
    return f"ended with exit code {container.exit_code}{reason}"


def _last_error(text: str) -> str:
    """The last line that tells of an error; none of a usage text, which Triton ends with too."""
    lines = [line.strip() for line in text.splitlines() if _ERROR.search(line)]
    return f": {_short(lines[-1])}" if lines else ""


def _first_line(said: str) -> str:
    # Triton's log escapes line ends; what follows the first is a traceback.
    return said.split("\\n", 1)[0].removeprefix("Internal: ").strip('" ')


def _short(text: str, limit: int = 600) -> str:
    return truncate(shown_text(text), limit)
