"""Remedies for pods that do not serve, and the shown part of foreign messages."""

from dataclasses import replace

import pytest

from inference_operator.domain.observed import DeploymentView
from inference_operator.observation.observe import pod_view
from inference_operator.planning.status.diagnosis import diagnose
from tests.fakes import bodies
from tests.unit.planning.seen import case

CASE = case()
SCHEDULER = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
WITHOUT_GPU = pod_view(bodies.pod("aaa", unschedulable=SCHEDULER))


def test_a_pod_that_waits_for_an_accelerator_is_told_the_way_out() -> None:
    diagnosis = diagnose(replace(CASE, way_out="do this"), None, (WITHOUT_GPU,))
    assert diagnosis is not None
    assert diagnosis.message.endswith(" nvidia.com/gpu; free or add one, or do this")


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("nvcr.io/nvidia/tritonserver@sha256:0a", "nvcr.io/nvidia/tritonserver@sha256:0a"),
        ("desk:hunter2@nvcr.io/x", "(not shown: it has a query, a fragment or a user name)"),
    ],
)
def test_messages_of_the_kubelet_show_no_password(image: str, shown: str) -> None:
    message = 'Failed to pull "https://desk:hunter2@nvcr.io/v2/x?token=hunter2": 403'
    waiting = {"state": {"waiting": {"reason": "ErrImagePull", "message": message}}}
    (pod,) = (pod_view(bodies.pod("aaa", triton=waiting)),)
    assert pod.triton is not None
    diagnosis = diagnose(CASE, None, (replace(pod, triton=replace(pod.triton, image=image)),))
    assert diagnosis is not None
    assert f"image {shown} cannot be pulled" in diagnosis.message
    assert "hunter2" not in diagnosis.message


def test_what_refuses_pods_shows_no_password() -> None:
    refused = "admission webhook https://hook/x?token=hunter2 denied the request"
    diagnosis = diagnose(CASE, DeploymentView(2, 0, refused), ())
    assert diagnosis is not None
    assert "https://hook/x denied" in diagnosis.message
