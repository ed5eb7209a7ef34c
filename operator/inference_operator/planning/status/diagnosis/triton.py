"""Diagnosis of a Triton that ended: memory, a model that does not load, arguments, the image."""

import re

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import listed
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import image_is_shown, shown_text
from inference_operator.domain.observed import Container, Pod
from inference_operator.planning.status.diagnosis.case import (
    Case,
    Diagnosis,
    ending,
    image_of,
    quote,
)
from inference_operator.planning.status.diagnosis.paths import at_steps
from inference_operator.planning.status.diagnosis.triton_log import (
    FailedLoad,
    failed_load,
    last_error,
    refuses_arguments,
)
from inference_operator.resources.pod import TRITON

_LONGEST_CAUSE = 500
_MODULE = re.compile(r"No module named '([^']{1,200})'")
_BACKEND = re.compile(r"unable to find .{0,300}backend|unable to find 'libtriton_", re.IGNORECASE)
_GPU_MEMORY = re.compile(r"CUDA[^\n]{0,40}out of memory|OutOfMemoryError", re.IGNORECASE)
# The value of an option may be a secret.
_VALUE = re.compile(r"(--[A-Za-z0-9_-]{1,100})=[^'\s]*")
# What containerd and runc write before the cause.
_BEFORE_CAUSE = re.compile(
    r"failed to create (?:containerd|shim) task: |OCI runtime create failed: "
    r"|runc create failed: |unable to start container process: "
)
_NOT_STARTED = frozenset({"StartError", "ContainerCannotRun"})
_CANNOT_RUN = "RunContainerError"
_CRASH_LOOP = "CrashLoopBackOff"
# runc's words for a container whose first process does not fit into its memory.
_STILLBORN = "OOM-killed"


def memory_rule(pod: Pod, case: Case) -> Diagnosis | None:
    """Diagnose a Triton that the kernel killed for its memory."""
    triton = pod.triton
    if triton is None:
        return None
    if triton.exit_reason != "OOMKilled" and _STILLBORN not in _start_error(triton):
        return None
    return Diagnosis(
        Reason.OUT_OF_MEMORY,
        f"Triton of pod {pod.name} used more than its memory limit{_limit(case)} and was killed;"
        " raise spec.resources.limits.memory, or lower instance counts or batch sizes",
    )


def triton_rule(pod: Pod, case: Case) -> Diagnosis | None:
    """Diagnose a Triton that ended by itself.

    The kubelet keeps the end of the last run while the next one starts, so the diagnosis stays the
    same until the pod is ready.
    """
    triton = pod.triton
    if triton is None:
        return None
    if error := _start_error(triton):
        return _not_started(pod, triton, error)
    if triton.exit_code is None:
        return None
    if triton.exit_code == 0 and triton.waiting_reason != _CRASH_LOOP:
        return None
    if failure := failed_load(triton.exit_message):
        problem = _problem(failure, case)
        message = at_steps([problem], case.record, failure.model)
        return Diagnosis(Reason.MODEL_LOAD_FAILED, message)
    return _crash(pod, triton, case)


def _start_error(triton: Container) -> str:
    """Return why the container does not start: the kubelet alternates between two states of it."""
    if triton.exit_reason in _NOT_STARTED:
        return triton.exit_message or triton.exit_reason
    return triton.waiting_message if triton.waiting_reason == _CANNOT_RUN else ""


def _not_started(pod: Pod, triton: Container, error: str) -> Diagnosis:
    cause = quote(_BEFORE_CAUSE.sub("", error), _LONGEST_CAUSE)
    return Diagnosis(
        Reason.CRASH_LOOP,
        f"image {image_of(triton)} does not start in pod {pod.name}: {cause}; name an image with"
        " `tritonserver` in spec.triton.image",
    )


def _crash(pod: Pod, triton: Container, case: Case) -> Diagnosis:
    error = _VALUE.sub(r"\1", last_error(triton.exit_message))
    cause = f": {quote(error)}" if error else ""
    remedy = ""
    if refuses_arguments(triton.exit_message):
        options = listed(case.extra_options, "no options", quote)
        remedy = f"correct spec.triton.extraArgs, which has {options}; "
        cause = cause or " because it does not accept its arguments"
    log = case.logs(pod, TRITON, previous=True)
    return Diagnosis(Reason.CRASH_LOOP, f"Triton {ending(triton)}{cause}; {remedy}see {log}")


def _problem(failure: FailedLoad, case: Case) -> Problem:
    model = f"Triton cannot load model {failure.model} version {failure.version}"
    cause = quote(failure.cause, _LONGEST_CAUSE)
    if module := _MODULE.search(failure.cause):
        name = shown_text(module.group(1))
        return Problem(
            "spec.model",
            "",
            f"{model}: its Python code needs the module {name}, which image {_image(case)} does not"
            " have",
            "name an image with it in spec.triton.image, or pack an environment with it"
            " (EXECUTION_ENV_PATH)",
        )
    return Problem("spec.model", "", f"{model}: {cause}", _remedy(failure.cause))


def _remedy(cause: str) -> str:
    if _BACKEND.search(cause):
        return (
            "name an image with that backend in spec.triton.image, or correct the model's format or"
            " backend"
        )
    if _GPU_MEMORY.search(cause):
        return "lower instance counts or batch sizes, or use a GPU with more memory"
    return "correct the artifact, or the fields of model and triton that it contradicts"


def _image(case: Case) -> str:
    image = case.record.triton_image
    return image if image and image_is_shown(image) else "of Triton"


def _limit(case: Case) -> str:
    limits = (case.triton_container.get("resources") or {}).get("limits") or {}
    return f" of {limits['memory']}" if "memory" in limits else ""
