"""The time since when a pod is ready, as it is kept and read."""

from typing import Any

import pytest

from inference_operator.observation.observe import pod_view
from inference_operator.observation.projection import project
from tests.unit.observation.test_observe import child
from tests.unit.planning.seen import NOON


def ready_pod(since: object, **condition: object) -> dict[str, Any]:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": since, **condition}
    body: dict[str, Any] = child("Pod", "fx-drift-aaa-0", status={"conditions": [ready]})
    return body


@pytest.mark.parametrize(
    ("since", "read"),
    [
        ("2031-05-06T12:00:00Z", NOON),
        ("2031-05-06T14:00:00+02:00", NOON),
        ("yesterday", None),
        ("x" * 100_000, None),
        (17, None),
        (None, None),
    ],
)
def test_a_pod_s_readiness_has_the_time_since_when(since: object, read: object) -> None:
    kept = project("Pod", ready_pod(since))

    assert pod_view(kept).ready_since == read
    assert len(str(kept)) < 1000


def test_a_pod_that_is_not_ready_is_ready_since_never() -> None:
    kept = project("Pod", ready_pod("2031-05-06T12:00:00Z", status="False"))

    assert pod_view(kept).ready_since is None
