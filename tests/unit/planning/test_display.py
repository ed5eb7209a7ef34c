"""The fields of a status that `kubectl get` prints."""

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.resolution import Facts, Resolved
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.status.unit_status import report
from inference_operator.validation.references import ReferenceOutcome
from tests.unit.planning.decided import MINE, decided, plan_of
from tests.unit.planning.seen import NOON, observed, record

RESOLVED = Resolved("models:/fx@live", "models:/fx/7", 7, "run", "https://m/7", Facts("m.onnx"))


@pytest.mark.parametrize(
    ("ready", "state", "shown"),
    [
        ({MINE: (2, 2)}, RolloutState(stable=MINE), "2/2"),
        ({MINE: (1, 3)}, RolloutState(stable=MINE), "1/3"),
        ({MINE: (0, 0)}, RolloutState(stable=MINE), "0/0"),
        ({"0ld": (2, 2), MINE: (1, 2)}, RolloutState(stable="0ld", canary=MINE), "2/2"),
        ({}, RolloutState(canary=MINE), "0/2"),
        ({}, RolloutState(), "0/0"),
    ],
)
def test_replicas_are_those_of_the_revision_that_serves(
    ready: dict[str, tuple[int, int]], state: RolloutState, shown: str
) -> None:
    status = report(observed(ready=ready, served=state.serving), decided(state), (), NOON)

    assert status.display_replicas == shown


def test_the_version_is_the_revision_without_a_registry() -> None:
    seen = observed(ready={"0ld": (2, 2), MINE: (0, 2)}, served="0ld")
    status = report(seen, decided(RolloutState(stable="0ld", canary=MINE)), (), NOON)

    assert status.display_version == "0ld", "what serves, not what starts"


def test_the_version_is_the_registry_s() -> None:
    serving = record("aaa", version=7, resolved=RESOLVED)
    done = plan_of(RolloutState(stable="aaa"), records={"aaa": serving})

    assert report(observed(), done, (), NOON).display_version == "7"


def test_before_anything_serves_there_is_no_version() -> None:
    assert report(observed(), decided(RolloutState()), (), NOON).display_version is None


def test_the_reason_is_that_of_ready() -> None:
    seen = observed(ready={MINE: (1, 2)}, served=MINE)
    status = report(seen, decided(RolloutState(stable=MINE)), (), NOON)

    assert status.display_reason == "Scaling"


def test_a_ready_pipeline_shows_the_reference_that_it_lacks() -> None:
    missing = ReferenceOutcome(
        None, "InferenceModel price does not exist", Reason.REFERENCE_NOT_FOUND
    )
    seen = observed(ready={MINE: (2, 2)}, served=MINE)
    status = report(seen, decided(RolloutState(stable=MINE), references=(missing,)), (), NOON)

    ready = next(c for c in status.conditions if c.type == "Ready")
    assert (ready.status, ready.reason) == ("True", "Ready"), "scripts may match it"
    assert ready.message.endswith("answers on 2 of 2 replicas; InferenceModel price does not exist")
    assert status.display_reason == "ReferenceNotFound"
