"""Why pods do not serve, read from pod states as kubelets and the scheduler write them."""

from typing import Any

import pytest

from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.observed import DeploymentView
from inference_operator.domain.pins import Pin
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.observation.observe import pod_view
from inference_operator.planning.status.pod_health import diagnose, load_report
from tests.fakes import bodies
from tests.fakes.bodies import terminated, waiting
from tests.unit.planning.seen import record

RECORD = record()


def loader_said(reason: Reason, message: str) -> dict[str, Any]:
    report = LoadReport(reason, message).to_json()
    return {"state": waiting("CrashLoopBackOff"), "lastState": terminated(3, message=report)}


TRITON_LOG = """\
I0506 12:00:01.120 1 server.cc:668] "..."
| fx-drift | 1 | UNAVAILABLE: Invalid argument: unexpected |
E0506 12:00:01.121 1 model_lifecycle.cc:654] "failed to load 'fx-drift' version 1: Invalid\
 argument: model input 'x' dims [-1,60] do not match"
error: creating server: Internal - failed to load all models
"""

TABLE: dict[str, tuple[dict[str, Any], str, str]] = {
    "the loader found no artifact": (
        {
            "load": loader_said(
                Reason.ARTIFACT_NOT_FOUND, "https://store.example/fx: 404; correct the path"
            )
        },
        "ArtifactNotFound",
        "https://store.example/fx: 404; correct the path",
    ),
    "the loader found another digest": (
        {"load": loader_said(Reason.DIGEST_MISMATCH, "found 12, expected 34")},
        "DigestMismatch",
        "found 12, expected 34",
    ),
    "the loader's words cannot be read": (
        {"load": {"state": terminated(137, reason="OOMKilled")}},
        "FetchFailed",
        "the init container ended with exit code 137 (OOMKilled) while it loaded"
        " https://store.example/fx/7/model.onnx; see `kubectl logs fx-drift-0 -c load`",
    ),
    "the loader image cannot be pulled": (
        {"load": {"state": waiting("ErrImagePull", "rpc error: not\n found")}},
        "ImagePullFailed",
        "image registry.example/inference-operator:1.2.3 cannot be pulled: rpc error: not found;"
        " it is the operator's own: correct INFERENCE_OPERATOR_LOADER_IMAGE of its Deployment,"
        " or name a pull secret in spec.imagePullSecrets",
    ),
    "the Triton image cannot be pulled": (
        {
            "load": {"state": terminated(0)},
            "triton": {"state": waiting("ImagePullBackOff", 'Back-off pulling image "x"')},
        },
        "ImagePullFailed",
        'image registry.example/triton:26.01 cannot be pulled: Back-off pulling image "x";'
        " correct spec.triton.image, or name a pull secret in spec.imagePullSecrets",
    ),
    "a Secret of the environment does not exist": (
        {"triton": {"state": waiting("CreateContainerConfigError", 'secret "feed" not found')}},
        "PodRefused",
        'a container of pod fx-drift-0 cannot be created: secret "feed" not found; correct what'
        " it names in spec",
    ),
    "Triton needs more memory": (
        {
            "triton": {
                "state": waiting("CrashLoopBackOff"),
                "lastState": terminated(137, reason="OOMKilled"),
                "restartCount": 4,
            }
        },
        "OutOfMemory",
        "Triton used more than its memory limit and was killed (4 restarts); raise"
        " spec.resources.limits.memory, or lower instance counts or batch sizes",
    ),
    "Triton cannot load the model": (
        {"triton": {"state": terminated(1, message=TRITON_LOG)}},
        "ModelLoadFailed",
        "spec.model: Triton cannot load model fx-drift version 1: Invalid argument: model input"
        " 'x' dims [-1,60] do not match; correct the artifact, or the fields of model and triton"
        " that it contradicts",
    ),
    "Triton ends for another reason": (
        {
            "triton": {
                "state": waiting("CrashLoopBackOff"),
                "lastState": terminated(1, message="one\nerror: no such option\n\n"),
                "restartCount": 2,
            }
        },
        "CrashLoop",
        "Triton ended with exit code 1 (2 restarts): error: no such option; see `kubectl logs"
        " fx-drift-0 -c triton --previous`",
    ),
    "Triton starts again after a crash": (
        {
            "triton": {
                "state": {"running": {}},
                "lastState": terminated(1, message="error: no such option"),
                "restartCount": 3,
            }
        },
        "CrashLoop",
        "Triton ended with exit code 1 (3 restarts): error: no such option; see `kubectl logs"
        " fx-drift-0 -c triton --previous`",
    ),
    "no node has the GPU free": (
        {"unschedulable": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."},
        "GPUUnavailable",
        "no node has the accelerator free: 0/3 nodes are available: 3 Insufficient"
        " nvidia.com/gpu.; free or add one",
    ),
    "no node has the memory": (
        {"unschedulable": "0/3 nodes are available: 3 Insufficient memory."},
        "Unschedulable",
        "no node takes the pod: 0/3 nodes are available: 3 Insufficient memory.; adjust"
        " spec.resources or spec.placement, or add nodes",
    ),
    "the volume claim does not exist": (
        {"unschedulable": 'persistentvolumeclaim "weights" not found. preemption: 0/1'},
        "ClaimNotFound",
        "spec.model.source.uri: PersistentVolumeClaim weights does not exist in this namespace;"
        " create it, or name another one",
    ),
}


@pytest.mark.parametrize(("state", "reason", "message"), TABLE.values(), ids=TABLE)
def test_the_trouble_is(state: dict[str, Any], reason: str, message: str) -> None:
    found = diagnose(RECORD, None, (pod_view(bodies.pod("aaa", **state)),))

    assert found is not None
    assert (found.reason, found.message) == (reason, message)


QUIET: dict[str, dict[str, Any]] = {
    "a pod that was just made": {},
    "a loader at work": {"load": {"state": {"running": {}}}},
    "a container being created": {"triton": {"state": waiting("ContainerCreating")}},
    "a pod that initialises": {"triton": {"state": waiting("PodInitializing")}},
    "Triton that loads the model": {"triton": {"state": {"running": {}}}},
    "a ready pod that crashed once": {
        "ready": True,
        "triton": {"state": {"running": {}}, "lastState": terminated(1), "restartCount": 1},
    },
}


@pytest.mark.parametrize("state", QUIET.values(), ids=QUIET)
def test_nothing_is_wrong_with(state: dict[str, Any]) -> None:
    assert diagnose(RECORD, None, (pod_view(bodies.pod("aaa", **state)),)) is None


def test_pods_that_nobody_may_make_come_first() -> None:
    refused = 'pods "fx-drift-x" is forbidden: exceeded quota: gpus'
    found = diagnose(RECORD, DeploymentView(2, 0, refused), ())

    assert found is not None
    assert (found.reason, found.message) == (
        "PodRefused",
        f"pods are refused: {refused}; correct what it names in spec, or ask for the quota or"
        " permission",
    )


def test_the_most_telling_pod_speaks_for_all() -> None:
    stuck = bodies.pod("aaa", name="one", unschedulable="0/1 nodes are available")
    failing = bodies.pod("aaa", name="two", load=loader_said(Reason.DIGEST_MISMATCH, "wrong"))
    found = diagnose(RECORD, None, (pod_view(stuck), pod_view(failing)))

    assert found is not None
    assert found.reason == "DigestMismatch"


def test_a_long_message_is_cut() -> None:
    words = "very " * 400
    found = diagnose(RECORD, None, (pod_view(bodies.pod("aaa", unschedulable=words)),))

    assert found is not None
    assert len(found.message) < 800
    assert "…" in found.message


def test_a_loader_that_succeeded_is_read_from_any_pod() -> None:
    said = LoadReport(Reason.RESOLVED, "done").to_json()
    done = {"state": terminated(0, reason="Completed", message=said)}
    pods = (
        pod_view(bodies.pod("aaa", name="one")),
        pod_view(bodies.pod("aaa", name="two", load=done)),
    )

    found = load_report(pods)
    assert found is not None
    assert found.message == "done"


PINNED_URI = "https://store.example/fx/3/model.onnx"


def pinned(kind: str, model: str, *files: str) -> ServedStep:
    """A step that runs what the resource `fx` served."""
    repository = {f"{name}.config.pbtxt": "" for name in files}
    uri = PINNED_URI if kind == "InferenceModel" else ""
    return ServedStep(
        "s", model, 3, uri, Pin(kind, "fx", "bbb", model, 3, uri, "", None, repository)
    )


def told_of(steps: tuple[ServedStep, ...], model: str, *problems: Problem) -> str:
    report = LoadReport(
        Reason.ARTIFACT_NOT_FOUND, f"{model}: text", model=model, problems=problems
    ).to_json()
    state = {"state": waiting("CrashLoopBackOff"), "lastState": terminated(3, message=report)}
    failed = pod_view(bodies.pod("aaa", load=state))
    found = diagnose(record(version=2, uri="", steps=steps), None, (failed,))
    assert found is not None
    assert found.reason is Reason.ARTIFACT_NOT_FOUND
    return found.message


OWN = ServedStep("own", "lstm", 3, "https://store.example/lstm.pt")
OTHER = ServedStep("other", "lstm-2", 3, "https://store.example/lstm.pt")
GONE = Problem("spec.model.source.uri", "", "404", "correct it")
EMPTY = Problem("model.pt", "an empty file", "a model")
FULL = Problem("", "", "no space", "free disk")
WORDS = Problem("spec.builtin.tokenizer.vocabulary.uri", "", "404", "correct it")


@pytest.mark.parametrize(
    ("step", "model", "problem", "message"),
    [
        (OWN, "lstm", GONE, "spec.steps[own].model.source.uri: 404; correct it"),
        (OWN, "lstm", EMPTY, "spec.steps[own]: model.pt: found an empty file, expected a model"),
        (OWN, "lstm", FULL, "spec.steps[own]: no space; free disk"),
        (
            ServedStep("words", "words", 1),
            "words",
            WORDS,
            "spec.steps[words].builtin.tokenizer.vocabulary.uri: 404; correct it",
        ),
        (
            pinned("InferenceModel", "drift", "drift"),
            "drift",
            GONE,
            "spec.model.source.uri of InferenceModel fx: 404; correct it",
        ),
        (
            pinned("InferenceModel", "drift", "drift"),
            "drift",
            FULL,
            "InferenceModel fx: no space; free disk",
        ),
        (
            pinned("EnsemblePipeline", "inner", "inner", "drift"),
            "drift",
            GONE,
            "spec.steps[].model.source.uri of model drift of EnsemblePipeline fx: 404; correct it",
        ),
        (
            pinned("InferenceModel", "drift", "drift"),
            "nobody's",
            GONE,
            "spec.steps[].model.source.uri: 404; correct it",
        ),
    ],
)
def test_what_a_loader_reports_of_a_model_is_named_at_its_step(
    step: ServedStep, model: str, problem: Problem, message: str
) -> None:
    assert told_of((OTHER, step), model, problem) == message


def test_each_of_two_inline_models_is_named_at_its_own_step() -> None:
    problems = (GONE, Problem("spec.model.inputs[x].shape", "[2]", "[3]"))

    assert told_of((OWN, OTHER), "lstm", *problems) == (
        "spec.steps[own].model.source.uri: 404; correct it;"
        " spec.steps[own].model.inputs[x].shape: found [2], expected [3]"
    )
    assert told_of((OWN, OTHER), "lstm-2", GONE) == (
        "spec.steps[other].model.source.uri: 404; correct it"
    )


def test_a_model_of_two_resources_is_named_in_both() -> None:
    one = pinned("InferenceModel", "drift", "drift")
    two = pinned("EnsemblePipeline", "inner", "inner", "drift")

    assert told_of((one, one, two), "drift", GONE) == (
        "spec.model.source.uri of InferenceModel fx and spec.steps[].model.source.uri of model"
        " drift of EnsemblePipeline fx: 404; correct it"
    )


def test_a_model_of_its_own_resource_is_named_by_its_field() -> None:
    assert told_of((), "fx-drift", GONE) == "spec.model.source.uri: 404; correct it"


def test_a_report_of_an_older_loader_is_told_as_it_is() -> None:
    message = "lstm: 404; check spec.model.source.uri"
    text = f'{{"reason":"ArtifactNotFound","message":"{message}"}}'
    failed = pod_view(bodies.pod("aaa", load={"state": terminated(3, message=text)}))
    for steps in ((), (OWN, OTHER)):
        found = diagnose(record(uri="", steps=steps), None, (failed,))

        assert found is not None
        assert (found.reason, found.message) == (Reason.ARTIFACT_NOT_FOUND, message)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("pvc://models/lstm.pt", "spec.steps[price].model.source.uri"),
        ("pvc://models-2/lstm.pt", "spec.steps[].model.source.uri"),
    ],
)
def test_a_missing_claim_is_named_at_the_step_whose_model_is_on_it(uri: str, path: str) -> None:
    steps = (OWN, ServedStep("price", "price", 3, uri))
    pending = pod_view(bodies.pod("aaa", unschedulable='persistentvolumeclaim "models" not found'))
    found = diagnose(record(uri="", steps=steps), None, (pending,))

    assert found is not None
    assert found.message.startswith(f"{path}: PersistentVolumeClaim models does not exist")


def test_a_referenced_model_that_triton_cannot_load_is_named_with_its_resource() -> None:
    step = pinned("InferenceModel", "fx-drift", "fx-drift")
    failed = pod_view(bodies.pod("aaa", triton={"state": terminated(1, message=TRITON_LOG)}))
    found = diagnose(record(uri="", steps=(OWN, step)), None, (failed,))

    assert found is not None
    assert found.message.startswith(
        "spec.model of InferenceModel fx: Triton cannot load model fx-drift version 1: Invalid"
    )


def test_a_loader_that_says_nothing_is_told_of_the_set() -> None:
    pipeline = record(version=2, uri="", steps=(OWN,))
    unclear = pod_view(bodies.pod("aaa", load={"state": terminated(137)}))
    found = diagnose(pipeline, None, (unclear,))

    assert found is not None
    assert "while it loaded set 2 (own:3);" in found.message
