"""A pipeline is served, rolled out and rolled back as one set of models."""

import math

import pytest
import tritonclient.http as triton_http

from tests.e2e.harness import ClusterHarness
from tests.e2e.pipelines import (
    LINEAR_TWICE,
    TRIPLE_TWICE,
    Pipeline,
    answers,
    average,
    chain,
    inline,
    records,
    revisions,
    tripled,
)
from tests.e2e.served import Served
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e


def wait_for_another(served: Pipeline, old: str) -> list[float]:
    """Wait until the next set serves; return its answer."""
    eventually(lambda: served.stable() not in ("", old), that="another revision is stable")
    return served.answer_of_set()


def test_steps_versions_and_readiness_are_shown(
    harness: ClusterHarness, namespace: str, linear: Served
) -> None:
    served = chain(harness, namespace).apply().wait_ready()
    assert served.predict() == [1.0, *LINEAR_TWICE]
    first = served.steps()["first"]
    assert first["modelRef"] == "InferenceModel/linear"
    assert first["revision"] == linear.stable()
    assert first["version"] == "1"
    table = served.kubectl("get", "ensemblepipelines")
    assert "chain   True" in table
    assert str(served.status()["stepVersions"]) in table
    described = served.describe()
    for condition in ("ResolvedRefs", "SpecValid", "Available", "ModelLoaded", "Ready"):
        assert condition in described
    assert any(event.startswith("Promoted: revision ") for event in served.events())


def test_a_pipeline_applied_before_its_model_waits_for_it(
    harness: ClusterHarness, namespace: str
) -> None:
    served = chain(harness, namespace).apply()
    condition = served.wait_reason("ResolvedRefs", "ReferenceNotFound")
    assert "linear" in condition
    harness.model(namespace).apply()
    assert served.wait_ready().predict() == [1.0, *LINEAR_TWICE]
    assert served.holds("ResolvedRefs")


def test_new_versions_of_two_steps_roll_out_without_a_failed_request_or_a_mixed_answer(
    harness: ClusterHarness, namespace: str
) -> None:
    first, second = (harness.model(namespace, name).apply() for name in ("one", "two"))
    served = chain(harness, namespace, "one", "two").apply(**{"spec.replicas": 2}).wait_ready()
    sets = [served.answer_of_set()]
    with served.called_throughout() as caller:
        for model in (first, second):
            old = served.stable()
            tripled(harness, model)
            sets.append(wait_for_another(served, old))
        eventually(lambda: len(revisions(served)) == 1, that="the old revisions' pods are gone")
        asked = len(caller.answers)
        eventually(lambda: len(caller.answers) > asked + 20, that="calls after the change")
    assert caller.failures == []
    assert [values[0] for values in sets] == [1.0, 2.0, 3.0]
    assert sets[1][1:] == [3.0, 6.0, 9.0, 12.0, 7.0, 13.0, 19.0, 25.0], "one's new version only"
    assert {tuple(answer) for answer in caller.answers} == {tuple(values) for values in sets}
    assert min(caller.answered[kind] for kind in ("new HTTP", "kept HTTP", "kept gRPC")) > 20
    served.wait_ready()
    assert served.steps()["second"]["revision"] == second.stable()
    messages = [decision["message"] for decision in served.status()["decisions"]]
    for name in ("one", "two"):
        assert any(f"InferenceModel {name}" in message for message in messages), messages


def test_a_model_that_goes_back_takes_the_pipeline_back_to_its_first_set(
    harness: ClusterHarness, namespace: str, linear: Served
) -> None:
    served = chain(harness, namespace).apply().wait_ready()
    first, before = served.stable(), linear.manifest["spec"]["model"]["source"]["uri"]
    tripled(harness, linear)
    assert wait_for_another(served, first) == [2.0, *TRIPLE_TWICE]
    kept = records(served)
    linear.apply(**{"spec.model.source.uri": before})
    eventually(lambda: served.stable() == first, that="the first revision is stable again")
    served.wait_ready().wait_answer([1.0, *LINEAR_TWICE])
    assert records(served) == kept
    assert len(kept) == 2


def test_a_step_s_instances_and_batches_replace_those_of_its_model(
    harness: ClusterHarness, namespace: str
) -> None:
    own = {"spec.triton.instanceGroups": [{"kind": "CPU", "count": 1}]}
    linear = harness.model(namespace, **own).apply()
    served = chain(harness, namespace)
    triton = {
        "instanceGroups": [{"kind": "CPU", "count": 2}],
        "dynamicBatching": {"preferredBatchSizes": [4], "maxQueueDelay": "200us"},
    }
    steps = [{**step, "triton": triton} for step in served.manifest["spec"]["steps"]]
    served.apply(**{"spec.steps": steps}).wait_ready()
    assert served.predict() == [1.0, *LINEAR_TWICE]
    assert instances_and_batches(served) == (2, [4], 200)
    assert instances_and_batches(linear) == (1, [8], 500)


def instances_and_batches(served: Served) -> tuple[int, list[int], int]:
    """Of `linear` in Triton: its instances, preferred batch sizes, and longest wait in us."""
    with triton_http.InferenceServerClient(served.address()) as client:
        config = client.get_model_config("linear")
    (group,), batching = config["instance_group"], config["dynamic_batching"]
    assert group["kind"] == "KIND_CPU"
    sizes, delay = batching["preferred_batch_size"], batching["max_queue_delay_microseconds"]
    return group["count"], sizes, delay


def test_a_model_that_cannot_be_replaced_leaves_the_pipeline_as_it_is(
    harness: ClusterHarness, namespace: str, linear: Served
) -> None:
    served = chain(harness, namespace).apply().wait_ready()
    linear.apply(**{"spec.model.source.uri": harness.store.uri("nothing/here.onnx")})
    linear.wait_reason("ArtifactResolved", "ArtifactNotFound")
    assert served.holds("Ready")
    assert served.predict() == [1.0, *LINEAR_TWICE]


def test_a_set_that_does_not_come_up_leaves_the_whole_old_one_serving(
    harness: ClusterHarness, namespace: str, linear: Served
) -> None:
    served = chain(harness, namespace).apply().wait_ready()
    old, steps = served.stable(), served.manifest["spec"]["steps"]
    first, second = steps
    broken = {key: value for key, value in second.items() if key != "modelRef"}
    broken["model"] = inline(harness, f"{namespace}/model.onnx")
    served.apply(**{"spec.steps": [first, broken]})
    condition = served.wait_reason("ArtifactResolved", "ArtifactNotFound")
    assert f"{namespace}/model.onnx" in condition
    tripled(harness, linear)
    linear.wait_ready()
    assert served.holds("Available")
    assert served.stable() == old
    assert served.predict() == [1.0, *LINEAR_TWICE]
    served.apply(**{"spec.steps": steps}).wait_ready()
    eventually(lambda: answers(served) == TRIPLE_TWICE, within=15, that="the new set answers")


def test_a_deleted_model_takes_nothing_away(
    harness: ClusterHarness, namespace: str, linear: Served
) -> None:
    served = chain(harness, namespace).apply().wait_ready()
    linear.kubectl("delete", "inferencemodel", "linear")
    condition = served.wait_reason("ResolvedRefs", "ReferenceNotFound")
    assert "linear" in condition
    assert served.predict() == [1.0, *LINEAR_TWICE]
    (pod,) = served.pods()
    served.kubectl("delete", pod.lower())
    eventually(lambda: served.holds("Available") and pod not in served.pods(), that="another pod")
    eventually(lambda: served.condition("Ready").get("status") == "True", that="Ready again")
    assert served.predict() == [1.0, *LINEAR_TWICE]
    assert len(revisions(served)) == 1
    assert any("linear" in event for event in served.events())


def test_other_weights_are_a_new_revision(harness: ClusterHarness, namespace: str) -> None:
    served = average(harness, namespace).apply().wait_ready()
    # A price that stays, beside the best text, which stands for a log return of 0.01.
    assert served.predict() == [1.0, pytest.approx(math.exp(0.2 * 0.01), abs=1e-6)]
    (step,) = served.manifest["spec"]["steps"]
    weights = {"weightedAverage": {"weights": {"price": 1, "sentiment": 1}}}
    served.apply(**{"spec.steps": [{**step, "builtin": weights}]}).wait_ready()
    served.wait_answer([2.0, pytest.approx(math.exp(0.5 * 0.01), abs=1e-6)])


def test_kubectl_scale_restarts_nothing(harness: ClusterHarness, namespace: str) -> None:
    served = average(harness, namespace).apply(**{"spec.replicas": 1}).wait_ready()
    (before,) = served.pods()
    served.kubectl("scale", "epipe/blend", "--replicas=2")
    eventually(lambda: served.status().get("readyReplicas") == 2, that="two pods ready")
    assert before in served.pods()
    assert served.number() == 1


def test_deletion_leaves_no_child(harness: ClusterHarness, namespace: str, linear: Served) -> None:
    served = chain(harness, namespace).apply(**{"spec.replicas": 2}).wait_ready()
    kinds = {child.partition("/")[0] for child in served.children()}
    assert {"ConfigMap", "ControllerRevision", "Deployment", "Service"} <= kinds
    served.kubectl("delete", "ensemblepipeline", "chain")
    eventually(lambda: served.children() == [], that="no child is left")
    assert linear.predict() == LINEAR_TWICE[:4], "the model itself stays"
