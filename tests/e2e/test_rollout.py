"""A new revision takes over, or does not, while clients call."""

from functools import partial

import pytest

from tests.e2e.harness import ClusterHarness
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e
LINEAR, TRIPLE = [3.0, 5.0, 7.0, 9.0], [3.0, 6.0, 9.0, 12.0]


def template(served: Served, revision: str) -> str:
    name = f"linear-{revision}"
    return served.kubectl("get", "deployment", name, "-o", "jsonpath={.spec.template}")


def test_an_edit_rolls_to_a_new_revision_without_a_failed_request(
    harness: ClusterHarness, namespace: str
) -> None:
    served = harness.model(namespace, **{"spec.replicas": 2}).apply().wait_ready()
    old = served.stable()
    with served.called_throughout() as caller:
        served.apply(**{"spec.triton.dynamicBatching": {"maxQueueDelay": "2ms"}}).wait_ready()
        assert served.stable() != old
        eventually(lambda: served.has_no_pod_of(old), that="old pods gone")
    assert caller.failures == []
    assert min(caller.answered[kind] for kind in ("new HTTP", "kept HTTP", "kept gRPC")) > 50
    config = served.kubectl("get", "configmap", f"linear-{served.stable()}", "-o", "yaml")
    assert "max_queue_delay_microseconds: 2000" in config
    reasons = [decision["reason"] for decision in served.status()["decisions"]]
    assert reasons == ["RevisionCreated", "Promoted", "RevisionCreated", "Promoted"]


def test_rollouts_cause_no_warning_about_the_budget(
    harness: ClusterHarness, namespace: str
) -> None:
    """The disruption controller warns of pods that a budget counts and that no controller has."""
    rollout = {"spec.replicas": 2, "spec.rollout": {"scaleDownDelay": "0s"}}
    served = harness.model(namespace, **rollout).apply().wait_ready()
    for delay in ("2ms", "3ms"):
        old = served.stable()
        edit = {"spec.triton.dynamicBatching": {"maxQueueDelay": delay}}
        served.apply(**edit).wait_ready()
        assert served.stable() != old
        eventually(partial(served.has_no_pod_of, old), that="old pods gone")
    served.apply(**{"spec.triton.dynamicBatching": {"maxQueueDelay": "4ms"}})
    served.apply(**{"spec.triton.dynamicBatching": {"maxQueueDelay": "5ms"}}).wait_ready()
    warnings = harness.kubectl.get("events", "-n", namespace, "--field-selector=type=Warning")
    about = [(e["involvedObject"]["kind"], e["reason"], e["message"]) for e in warnings["items"]]
    assert [each for each in about if each[0] == "PodDisruptionBudget"] == [], about


def test_going_back_restores_the_kept_revision(harness: ClusterHarness, namespace: str) -> None:
    served = harness.model(namespace).apply().wait_ready()
    first, uri = served.stable(), harness.store.uri("triple/model.onnx")
    kept = template(served, first)
    linear = served.manifest["spec"]["model"]["source"]["uri"]
    served.apply(**{"spec.model.source.uri": uri}).wait_ready().wait_answer(TRIPLE)
    eventually(lambda: f"Deployment/linear-{first}" not in served.children(), that="old one gone")
    assert f"ControllerRevision/linear-{first}" in served.children()
    served.apply(**{"spec.model.source.uri": linear}).wait_ready()
    assert served.stable() == first
    served.wait_answer(LINEAR)
    again = served.kubectl(
        "get", "deployment", f"linear-{first}", "-o", "jsonpath={.spec.template}"
    )
    assert again == kept


def test_history_is_limited(harness: ClusterHarness, namespace: str) -> None:
    limit = {"scaleDownDelay": "1s", "revisionHistoryLimit": 1}
    served = harness.model(namespace, **{"spec.rollout": limit}).apply().wait_ready()
    for delay in ("1ms", "2ms", "3ms"):
        served.apply(**{"spec.triton.dynamicBatching.maxQueueDelay": delay}).wait_ready()
    eventually(
        lambda: sum(c.startswith("ControllerRevision/") for c in served.children()) == 2,
        that="the stable revision and one old one",
    )


def test_paused_rollout_waits_and_goes_on(harness: ClusterHarness, namespace: str) -> None:
    served = harness.model(namespace).apply().wait_ready()
    old = served.stable()
    served.apply(
        **{"spec.rollout.paused": True, "spec.triton.dynamicBatching.maxQueueDelay": "4ms"}
    )
    message = served.wait_reason("Ready", "Paused")
    assert "spec.rollout.paused is true" in message
    assert served.stable() == old
    served.apply(**{"spec.rollout.paused": False}).wait_ready()
    assert served.stable() != old


def test_a_revision_that_never_answers_is_given_up_and_the_old_one_serves(
    harness: ClusterHarness, namespace: str
) -> None:
    rollout = {"scaleDownDelay": "1s", "progressDeadline": "10s"}
    served = harness.model(namespace, **{"spec.rollout": rollout}).apply().wait_ready()
    old = served.stable()
    served.apply(**{"spec.triton.image": "inference-operator.invalid/none:1"})
    message = served.wait_reason("Stalled", "ProgressDeadlineExceeded")
    assert "its model answers on 0 of 1 replica" in message
    assert f"revision {old} continues to serve" in message
    assert served.status()["phase"] == "Degraded"
    assert served.holds("Available")
    assert served.predict() == LINEAR
    served.apply(**{"spec.triton.image": None}).wait_ready()
    assert served.stable() == old
