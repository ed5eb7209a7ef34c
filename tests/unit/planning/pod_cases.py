"""Cases of revisions whose pods have a certain spec, and the messages about one pod."""

from typing import Any

from inference_operator.observation.observe import pod_view
from inference_operator.planning.status.diagnosis import Case, diagnose
from tests.fakes import bodies
from tests.unit.planning.seen import case, record


def pods_of(**spec: Any) -> Case:
    """Return the case of a revision whose pods have this spec."""
    deployment = {"kind": "Deployment", "spec": {"template": {"spec": spec}}}
    return case(record(children=(deployment,)))


def triton_with(**fields: Any) -> Case:
    """Return the case of a revision whose Triton container has these fields."""
    return pods_of(containers=[{"name": "triton", **fields}])


def message_of(about: Case, **state: Any) -> str:
    """Return the reason and the message for one pod."""
    diagnosis = diagnose(about, None, (pod_view(bodies.pod("aaa", **state)),))
    assert diagnosis is not None
    return f"{diagnosis.reason.value}: {diagnosis.message}"
