"""Versions that get their clients by steps, without a gateway, while clients call."""

from typing import Any

import pytest

from tests.e2e.caller import Caller
from tests.e2e.harness import ClusterHarness
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e
LINEAR, TRIPLE = [3.0, 5.0, 7.0, 9.0], [3.0, 6.0, 9.0, 12.0]
STEPS = [{"setWeight": 50}, {"pause": {}}]
BY_STEPS = {"canary": {"steps": STEPS, "abortScaleDownDelay": "1s"}, "scaleDownDelay": "1s"}


@pytest.fixture
def served(harness: ClusterHarness, namespace: str) -> Served:
    """A model that answers LINEAR, and whose next versions come by steps."""
    changes: dict[str, Any] = {"spec.rollout": BY_STEPS}
    return harness.model(namespace, **changes).apply().wait_ready()


def start_canary(served: Served, harness: ClusterHarness) -> str:
    """Apply another artifact, wait until it has half of the clients, and return its revision."""
    uri = harness.store.uri("triple/model.onnx")
    served.apply(**{"spec.model.source.uri": uri})
    message = served.wait_reason("Ready", "Paused")
    assert "gets 50 % of new connections (1 of 2 ready pods; wanted 50 %)" in message
    return served.canary()


def shares(caller: Caller) -> set[tuple[float, ...]]:
    """Return the different answers of the last calls over new connections."""
    return {tuple(answer) for answer in caller.answers[-40:]}


def test_a_canary_by_replicas_is_promoted_without_a_restart_or_a_failed_request(
    served: Served, harness: ClusterHarness
) -> None:
    old = served.stable()
    with served.called_throughout() as caller:
        new = start_canary(served, harness)
        eventually(
            lambda: shares(caller) == {tuple(LINEAR), tuple(TRIPLE)}, that="both versions answer"
        )
        table = served.kubectl("get", served.kind, served.name)
        header, row = (line.split() for line in table.splitlines())
        assert row[header.index("WEIGHT")] == "50"
        (pod,) = [name for name in served.pods() if new in name]

        served.command("promote", f"{new}/1")
        served.wait_ready()
        eventually(lambda: served.has_no_pod_of(old), that="old pods gone")
        served.wait_answer(TRIPLE)
    assert caller.failures == []
    assert served.stable() == new
    assert [name for name in served.pods() if new in name] == [pod], "the same pod serves"
    reasons = [decision["reason"] for decision in served.status()["decisions"]]
    assert reasons[2:] == ["RevisionCreated", "SetWeight", "StepCompleted", "Promoted"]


def test_an_aborted_canary_gives_its_clients_back_and_starts_again_only_when_told(
    served: Served, harness: ClusterHarness
) -> None:
    old = served.stable()
    with served.called_throughout() as caller:
        new = start_canary(served, harness)
        served.command("abort", new)
        message = served.wait_reason("Ready", "RolloutAborted")
        eventually(lambda: served.has_no_pod_of(new), that="the canary's pods gone")
        served.apply()
        assert served.wait_reason("Stalled", "RolloutAborted").startswith(message[:40])
    assert caller.failures == []
    assert served.stable() == old
    assert any("RolloutAborted: the rollout" in event for event in served.events())

    time = served.status()["rollout"]["aborted"]["time"]
    served.command("retry", f"{new}@{time}")
    served.wait_reason("Ready", "Paused")
    assert served.canary() == new


def test_a_new_edit_in_mid_canary_loses_no_request(served: Served, harness: ClusterHarness) -> None:
    with served.called_throughout() as caller:
        former = start_canary(served, harness)
        served.apply(**{"spec.triton.dynamicBatching": {"maxQueueDelay": "2ms"}})
        message = served.wait_reason("Ready", "Paused")
        assert former not in message
        eventually(lambda: served.has_no_pod_of(former), that="the former canary's pods gone")
        served.command("promote", f"{served.canary()}/full")
        served.wait_ready()
    assert caller.failures == []
