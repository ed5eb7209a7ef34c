"""Why pods do not serve, read from pod states as kubelets and the scheduler write them."""

from typing import Any

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.observed import DeploymentView
from inference_operator.observation.observe import pod_view
from inference_operator.planning.status.diagnosis import diagnose, load_report
from tests.fakes import bodies
from tests.fakes.bodies import terminated, waiting
from tests.unit.planning.seen import case

CASE = case()


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
        " https://store.example/fx/7/model.onnx; see `kubectl -n desk-7 logs fx-drift-0 -c load`",
    ),
    "the loader failed in a way that it does not know": (
        {"load": loader_said(Reason.FETCH_FAILED, "unexpected KeyError: 'x'")},
        "FetchFailed",
        "unexpected KeyError: 'x'; see `kubectl -n desk-7 logs fx-drift-0 -c load`",
    ),
    "the loader image cannot be pulled": (
        {"load": {"state": waiting("ErrImagePull", "rpc error: not\n found")}},
        "ImagePullFailed",
        "image registry.example/inference-operator:1.2.3 cannot be pulled: rpc error: not found;"
        " this is the operator's own image: correct INFERENCE_OPERATOR_LOADER_IMAGE of its"
        " Deployment, push the image, or name a pull secret in spec.imagePullSecrets",
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
        'container triton of pod fx-drift-0 cannot be created: secret "feed" not found; correct'
        " the field of spec that it names, or see `kubectl -n desk-7 describe pod fx-drift-0`",
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
        "Triton of pod fx-drift-0 used more than its memory limit and was killed; raise"
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
        "Triton ended with exit code 1: error: no such option; see `kubectl -n desk-7 logs"
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
        "Triton ended with exit code 1: error: no such option; see `kubectl -n desk-7 logs"
        " fx-drift-0 -c triton --previous`",
    ),
    "no node has the GPU free": (
        {"unschedulable": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."},
        "GPUUnavailable",
        "no node has nvidia.com/gpu free: 0/3 nodes are available: 3 Insufficient"
        " nvidia.com/gpu; free or add one",
    ),
    "no node has the memory": (
        {"unschedulable": "0/3 nodes are available: 3 Insufficient memory."},
        "Unschedulable",
        "no node accepts the pod: 0/3 nodes are available: 3 Insufficient memory; lower"
        " spec.resources.requests or spec.replicas, or add a node",
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
    diagnosis = diagnose(CASE, None, (pod_view(bodies.pod("aaa", **state)),))

    assert diagnosis is not None
    assert (diagnosis.reason, diagnosis.message) == (reason, message)


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
    assert diagnose(CASE, None, (pod_view(bodies.pod("aaa", **state)),)) is None


def test_pods_that_nobody_may_make_come_first() -> None:
    refused = 'pods "fx-drift-x" is forbidden: exceeded quota: gpus'
    diagnosis = diagnose(CASE, DeploymentView(2, 0, refused), ())

    assert diagnosis is not None
    assert (diagnosis.reason, diagnosis.message) == (
        "PodRefused",
        f"pods are refused: {refused}; lower spec.replicas or spec.resources, or ask for a larger"
        " ResourceQuota; see `kubectl -n desk-7 describe resourcequota`",
    )


def test_the_most_telling_pod_speaks_for_all() -> None:
    stuck = bodies.pod("aaa", name="one", unschedulable="0/1 nodes are available")
    failing = bodies.pod("aaa", name="two", load=loader_said(Reason.DIGEST_MISMATCH, "wrong"))
    diagnosis = diagnose(CASE, None, (pod_view(stuck), pod_view(failing)))

    assert diagnosis is not None
    assert diagnosis.reason == "DigestMismatch"


def test_a_long_message_is_cut() -> None:
    words = "very " * 400
    diagnosis = diagnose(CASE, None, (pod_view(bodies.pod("aaa", unschedulable=words)),))

    assert diagnosis is not None
    assert len(diagnosis.message) < 800
    assert "…" in diagnosis.message


def test_a_loader_that_succeeded_is_read_from_any_pod() -> None:
    report = LoadReport(Reason.RESOLVED, "done").to_json()
    done = {"state": terminated(0, reason="Completed", message=report)}
    pods = (
        pod_view(bodies.pod("aaa", name="one")),
        pod_view(bodies.pod("aaa", name="two", load=done)),
    )

    loaded = load_report(pods)
    assert loaded is not None
    assert loaded.message == "done"
