"""Causes and remedies that are read from what kubelets and Triton write."""

from typing import Any

import pytest

from tests.fakes.bodies import terminated, waiting
from tests.unit.planning.pod_cases import message_of, triton_with
from tests.unit.planning.seen import case


def crashed(log: str) -> dict[str, Any]:
    return {"triton": {"state": terminated(1, message=log)}}


def pulling(reason: str, message: str) -> dict[str, Any]:
    return {"triton": {"state": waiting(reason, message)}}


IMAGES = {
    "a registry that cannot be reached": (
        'failed to pull and unpack image "r/x:1": failed to resolve reference "r/x:1": failed to do'
        ' request: Head "https://r/v2/x/manifests/1": dial tcp: lookup r: no such host',
        'cannot be pulled: failed to do request: Head "https://r/v2/x/manifests/1": dial tcp:'
        " lookup r: no such host; correct spec.triton.image, or let the nodes reach its registry",
    ),
    "an image that does not exist": (
        "rpc error: code = NotFound desc = r/x:1: not found",
        "cannot be pulled: r/x:1: not found; correct spec.triton.image, push the image, or name a"
        " pull secret in spec.imagePullSecrets",
    ),
    "an image of others": (
        "pull access denied, repository does not exist or may require authorization",
        "authorization; correct spec.triton.image, or name a pull secret in spec.imagePullSecrets",
    ),
}


@pytest.mark.parametrize(("message", "expected"), IMAGES.values(), ids=IMAGES)
@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff"])
def test_the_cause_of_an_image_is_the_same_in_both_states(
    reason: str, message: str, expected: str
) -> None:
    back_off = f'Back-off pulling image "r/x:1": ErrImagePull: {message}'
    text = message if reason == "ErrImagePull" else back_off
    assert message_of(case(), **pulling(reason, text)).endswith(expected)


def test_capitals_in_an_image_are_not_a_pull_secret_s_matter() -> None:
    message = message_of(case(), **pulling("InvalidImageName", "repository must be lowercase"))
    assert "is not the name of an image: repository must be lowercase; correct" in message
    assert "pull secret" not in message


def from_key(kind: str, name: str, key: str) -> list[dict[str, Any]]:
    return [{"name": "FEED", "valueFrom": {kind: {"name": name, "key": key}}}]


ENVIRONMENTS = {
    "a Secret": (
        "secretKeyRef",
        'secret "feed" not found',
        "spec.triton.env[FEED].valueFrom.secretKeyRef: Secret feed does not exist in namespace"
        " desk-7; create it, or name another one",
    ),
    "a key of a Secret": (
        "secretKeyRef",
        "couldn't find key token in Secret desk-7/feed",
        "spec.triton.env[FEED].valueFrom.secretKeyRef: Secret feed has no key token; add it, or"
        " name another key",
    ),
    "a ConfigMap": (
        "configMapKeyRef",
        'configmap "feed" not found',
        "spec.triton.env[FEED].valueFrom.configMapKeyRef: ConfigMap feed does not exist in"
        " namespace desk-7; create it, or name another one",
    ),
    "a key of a ConfigMap": (
        "configMapKeyRef",
        "couldn't find key token in ConfigMap desk-7/feed",
        "spec.triton.env[FEED].valueFrom.configMapKeyRef: ConfigMap feed has no key token; add it,"
        " or name another key",
    ),
}


@pytest.mark.parametrize(("kind", "words", "expected"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_what_the_environment_lacks_is_named_at_its_field(
    kind: str, words: str, expected: str
) -> None:
    about = triton_with(env=from_key(kind, "feed", "token"))
    state = {"triton": {"state": waiting("CreateContainerConfigError", words)}}
    assert message_of(about, **state) == f"PodRefused: {expected}"


WARNING = 'W0506 12:00:01.1 1 pinned_memory.cc:273] "Unable to allocate pinned system memory"'
LOGS = {
    "a warning is never quoted": (WARNING, "Triton ended with exit code 1; see"),
    "an error comes before a later warning": (
        f'E0506 12:00:00.9 1 model.cc:5] "the model is empty"\n{WARNING}',
        "Triton ended with exit code 1: the model is empty; see",
    ),
    "the summary of a failed start names no cause": (
        'E0506 12:00:00.9 1 a.cc:5] "no such file"\nerror: creating server: Internal - failed to'
        " load all models",
        "Triton ended with exit code 1: no such file; see",
    ),
    "an option that Triton does not know": (
        "tritonserver: unrecognized option '--password=hunter2'\nUsage: tritonserver [options]\n"
        "  --help\n\tPrint usage if an error occurs\n  --log-verbose <integer>\n",
        "Triton ended with exit code 1: tritonserver: unrecognized option '--password'; correct"
        " spec.triton.extraArgs, which has --password; see",
    ),
    "options alone": (
        "  --help\n\tPrint usage\n  --log-verbose <integer>\n\tfails on error\n  --id <string>\n",
        "Triton ended with exit code 1 because it does not accept its arguments; correct"
        " spec.triton.extraArgs, which has --password; see",
    ),
}


@pytest.mark.parametrize(("log", "expected"), LOGS.values(), ids=LOGS)
def test_the_end_of_triton_s_log_is_read_for_its_cause(log: str, expected: str) -> None:
    about = triton_with(args=["--grpc-max-connection-age=10000", "--password=hunter2"])
    message = message_of(about, **crashed(log))
    assert message.startswith(f"CrashLoop: {expected} `kubectl -n desk-7 logs fx-drift-0 -c triton")


def test_the_time_of_a_line_does_not_change_the_message() -> None:
    first, second = (
        message_of(case(), **crashed(f'E0506 12:00:0{second}.1 {second} a.cc:5] "no file"'))
        for second in (1, 2)
    )
    assert first == second


LOADS = {
    "a missing module": (
        "Internal: ModuleNotFoundError: No module named 'ta_lib'\\n\\nAt:\\n  /models/x",
        "its Python code needs the module ta_lib, which image of Triton does not have; name an"
        " image with it in spec.triton.image, or pack an environment with it (EXECUTION_ENV_PATH)",
    ),
    "a missing backend": (
        "Invalid argument: unable to find backend library for backend 'tensorrt'",
        "name an image with that backend in spec.triton.image, or correct the model's format or"
        " backend",
    ),
    "a GPU without memory": (
        "Internal: CUDA error: out of memory",
        "lower instance counts or batch sizes, or use a GPU with more memory",
    ),
}


@pytest.mark.parametrize(("cause", "expected"), LOADS.values(), ids=LOADS)
def test_a_model_that_does_not_load_has_the_remedy_of_its_cause(cause: str, expected: str) -> None:
    log = f"E0506 12:00:01.1 1 model_lifecycle.cc:654] \"failed to load 'x' version 1: {cause}\""
    message = message_of(case(), **crashed(log))
    assert message.startswith("ModelLoadFailed: spec.model: Triton cannot load model x version 1: ")
    assert message.endswith(expected)


@pytest.mark.parametrize(
    "state",
    [
        {"state": terminated(128, reason="StartError", message="no such file")},
        {"state": waiting("RunContainerError", "runc create failed: no such file")},
        {
            "state": waiting("CrashLoopBackOff"),
            "lastState": terminated(128, reason="StartError", message="no such file"),
        },
    ],
)
def test_an_image_without_triton_is_told_apart_from_a_crash(state: dict[str, Any]) -> None:
    assert message_of(case(), triton=state) == (
        "CrashLoop: image registry.example/triton:26.01 does not start in pod fx-drift-0: no such"
        " file; name an image with `tritonserver` in spec.triton.image"
    )


def test_a_limit_too_small_for_the_first_process_is_a_matter_of_memory() -> None:
    words = "runc create failed: container init was OOM-killed (memory limit too low?)"
    state = {"state": waiting("RunContainerError", words)}
    assert "raise spec.resources.limits.memory" in message_of(case(), triton=state)


def test_a_triton_that_ends_without_an_error_again_and_again_is_a_crash() -> None:
    state = {"state": waiting("CrashLoopBackOff"), "lastState": terminated(0, reason="Completed")}
    assert "Triton ended with exit code 0 (Completed); see" in message_of(case(), triton=state)
