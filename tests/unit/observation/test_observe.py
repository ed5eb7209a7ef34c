"""From bodies as the API server gives them to what planning looks at."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from inference_operator.adapters.mlflow.model_registry import NOT_CONFIGURED
from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.domain.accelerator import Taint
from inference_operator.domain.names import ChildKey, UnitKey
from inference_operator.domain.observed import DeploymentView, Observed
from inference_operator.domain.resolution import Resolution, SourceKey, Unresolved
from inference_operator.observation.nodes import node_view
from inference_operator.observation.observe import observe, pod_view
from inference_operator.observation.store import Store
from inference_operator.planning.planner import plan
from inference_operator.resources.controller_revision import controller_revision
from tests.fakes import bodies
from tests.fakes.bodies import KEY, NAMESPACE, PIPELINE, epipe, imodel, node, stored
from tests.unit.planning.seen import DEFAULTS, NOON, OWNER, observed

DOWN = Unresolved(
    Reason.REGISTRY_UNREACHABLE, (Problem("", "", "http://mlflow:5000 does not answer"),)
)
OWNERS = [{"kind": "InferenceModel", "name": KEY.name, "uid": "uid-of-owner", "controller": True}]


def child(kind: str, name: str, owners: list[dict[str, Any]] = OWNERS, **body: Any) -> Any:
    labels = {"inference.aipx.io/kind": KEY.kind, "inference.aipx.io/name": KEY.name}
    meta = {"name": name, "namespace": NAMESPACE, "labels": labels, "ownerReferences": owners}
    return stored({"kind": kind, "metadata": meta, **body}, uid=f"{kind}-{name}")


def seen(*children: dict[str, Any], **model: Any) -> Observed:
    store = Store()
    store.put("InferenceModel", stored(imodel(**model)))
    for body in children:
        store.put(body["kind"], body)
    observation = observe(store, KEY)
    assert observation is not None
    return observation


def deployment(**body: Any) -> dict[str, Any]:
    made: dict[str, Any] = child("Deployment", "fx-drift-aaa", **{"spec": {"replicas": 3}, **body})
    return made


def test_what_does_not_exist_is_none() -> None:
    assert observe(Store(), KEY) is None


def test_what_the_registry_says_of_each_source_is_seen() -> None:
    answers = {SourceKey("models:/fx@champion"): NOT_CONFIGURED, SourceKey("runs:/1/fx"): DOWN}
    store = Store()
    store.put(PIPELINE.kind, stored(epipe()))
    asked: list[Mapping[str, Any]] = []

    def resolve(_: UnitKey, spec: Mapping[str, Any]) -> Mapping[SourceKey, Resolution]:
        asked.append(spec)
        return answers

    observation = observe(store, PIPELINE, resolve)
    assert observation is not None
    assert observation.inputs.resolutions == answers
    assert asked == [epipe()["spec"]]


@pytest.mark.parametrize("unit", [KEY, PIPELINE])
def test_what_is_gone_asks_the_registry_no_more(unit: UnitKey) -> None:
    asked: list[Mapping[str, Any]] = []

    def resolve(_: UnitKey, spec: Mapping[str, Any]) -> Mapping[SourceKey, Resolution]:
        asked.append(spec)
        return {}

    assert observe(Store(), unit, resolve) is None
    assert asked == [{}]


def test_the_spec_is_seen_as_it_was_written() -> None:
    observation = seen(replicas=4)

    assert observation.spec["replicas"] == 4
    assert (observation.generation, observation.owner.uid) == (1, "uid-of-owner")
    assert not observation.deleting


def test_a_deletion_in_progress_is_seen() -> None:
    store = Store()
    store.put("InferenceModel", stored(imodel(), deletionTimestamp="2031-01-01T00:00:00Z"))
    observation = observe(store, KEY)

    assert observation is not None
    assert observation.deleting


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, DeploymentView(3, 0)),
        ({"readyReplicas": 2}, DeploymentView(3, 2)),
        ({"readyReplicas": 5}, DeploymentView(3, 3)),
        (
            {
                "conditions": [
                    {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
                ]
            },
            DeploymentView(3, 0, "exceeded quota"),
        ),
        (
            {"conditions": [{"type": "ReplicaFailure", "status": "False", "message": "was"}]},
            DeploymentView(3, 0),
        ),
    ],
    ids=["just made", "some", "more than wanted, about to go", "refused", "no longer refused"],
)
def test_a_deployment_is_seen(status: dict[str, Any], expected: DeploymentView) -> None:
    assert seen(deployment(status=status)).children.deployments == {"aaa": expected}


def test_a_relabelled_deployment_is_still_of_its_revision() -> None:
    body = deployment()
    body["metadata"]["labels"]["inference.aipx.io/revision"] = "bbb"

    assert set(seen(body).children.deployments) == {"aaa"}


def test_a_baseline_is_seen_beside_its_revision_and_not_as_a_part_of_it() -> None:
    name = "fx-drift-aaa-baseline"
    other = child("Deployment", name, spec={"replicas": 2}, status={"readyReplicas": 1})
    pods = [{**bodies.pod("aaa"), "kind": "Pod"}, {**bodies.pod("aaa"), "kind": "Pod"}]
    for number, pod in enumerate(pods):
        pod["metadata"] = {**pod["metadata"], "name": f"fx-drift-aaa-{number}"}
    labels = {**pods[1]["metadata"]["labels"], "inference.aipx.io/track": "baseline"}
    pods[1]["metadata"] = {**pods[1]["metadata"], "labels": labels}
    children = seen(deployment(status={"readyReplicas": 3}), other, *pods).children

    assert children.deployments == {"aaa": DeploymentView(3, 3)}
    assert children.baselines == {"aaa": DeploymentView(2, 1)}
    assert [each.name for each in children.pods] == ["fx-drift-aaa-0"]
    assert [each.name for each in children.baseline_pods] == ["fx-drift-aaa-1"]
    assert children.pods_of("aaa") == children.pods


def test_a_service_of_all_pods_reaches_those_of_a_baseline() -> None:
    selector = {"inference.aipx.io/kind": KEY.kind, "inference.aipx.io/name": KEY.name}
    own = deployment(status={"readyReplicas": 2})
    more = {"spec": {"replicas": 1}, "status": {"readyReplicas": 1}}
    baseline, canary = (child("Deployment", f"fx-drift-{n}", **more) for n in ("aaa-baseline", "b"))
    service = child("Service", "fx-drift", spec={"selector": selector})

    weights = seen(own, baseline, canary, service).children.traffic.weights
    assert weights == {"aaa": 75, "b": 25}


def test_the_service_says_who_is_served() -> None:
    selector = {"inference.aipx.io/revision": "aaa"}

    assert (
        seen(child("Service", "fx-drift", spec={"selector": selector})).children.traffic.selected
        == "aaa"
    )
    assert seen(child("Service", "fx-drift", spec={})).children.traffic.selected is None
    assert seen().children.traffic.selected is None


def test_a_record_is_read_back() -> None:
    (made,) = plan(observed(), DEFAULTS, NOON).records.values()
    manifest = controller_revision(OWNER, replace(made, number=7))
    name = manifest["metadata"]["name"]
    observation = seen(child("ControllerRevision", name, revision=7, data=manifest["data"]))

    assert observation.children.revisions == {made.revision: replace(made, number=7)}
    assert observation.children.rejected == {}


@pytest.mark.parametrize("data", [None, {}, {"mode": "Magic"}, "text", {"model": 1}])
def test_a_record_that_is_not_accepted_is_seen_as_rejected(data: Any) -> None:
    observation = seen(child("ControllerRevision", "fx-drift-aaa", revision=1, data=data))

    assert observation.children.revisions == {}
    assert set(observation.children.rejected) == {"fx-drift-aaa"}
    assert observation.rejected_of("aaa") is observation.children.rejected["fx-drift-aaa"]


def test_a_record_is_read_again_only_when_it_changed() -> None:
    store = Store()
    store.put("InferenceModel", stored(imodel()))
    body = child("ControllerRevision", "fx-drift-aaa", revision=1, data={})
    store.put("ControllerRevision", body)
    first, second = observe(store, KEY), observe(store, KEY)
    assert first is not None
    assert second is not None
    assert first.children.rejected["fx-drift-aaa"] is second.children.rejected["fx-drift-aaa"]

    newer = {**body, "data": 5, "metadata": {**body["metadata"], "resourceVersion": "9"}}
    store.put("ControllerRevision", newer)
    third = observe(store, KEY)
    assert third is not None
    assert third.children.rejected["fx-drift-aaa"].why.startswith("data: ")
    store.drop("ControllerRevision", newer)
    assert store.records == {}


def test_children_of_a_predecessor_are_leftovers() -> None:
    theirs = [{**OWNERS[0], "uid": "uid-of-predecessor"}]
    observation = seen(child("Service", "fx-drift", theirs, spec={}))

    assert observation.children.live == {}
    assert observation.children.orphans_of_predecessor == {ChildKey("Service", "fx-drift")}


def test_orphans_are_neither() -> None:
    observation = seen(child("Service", "fx-drift", [], spec={}))

    assert (observation.children.live, observation.children.orphans_of_predecessor) == (
        {},
        frozenset(),
    )


def test_a_status_that_was_edited_by_hand_counts_as_none() -> None:
    store = Store()
    store.put("InferenceModel", {**stored(imodel()), "status": {"replicas": "many"}})
    observation = observe(store, KEY)

    assert observation is not None
    assert observation.status.observed_generation is None


def test_a_pod_without_any_status() -> None:
    body = bodies.pod("aaa")
    del body["status"]
    pod = pod_view(body)

    assert (pod.revision, pod.ready, pod.triton, pod.loader) == ("aaa", False, None, None)


@pytest.mark.parametrize(
    ("grace", "since"),
    [(60, "11:59"), (None, "12:00"), (-60, "12:00"), (10**30, "12:00"), ("60", "12:00")],
)
def test_a_pod_ends_since_its_deletion_was_asked_for(grace: object, since: str) -> None:
    body = bodies.pod("aaa")
    ends = {"deletionTimestamp": "2031-05-06T12:00:00Z", "deletionGracePeriodSeconds": grace}
    pod = pod_view({**body, "metadata": {**body["metadata"], **ends}})

    assert pod.terminating
    assert f"{pod.ending_since:%H:%M}" == since


def test_the_last_end_of_a_container_is_kept_while_it_starts_again() -> None:
    state = {
        "state": {"running": {}},
        "lastState": bodies.terminated(1, message="boom"),
        "restartCount": 2,
        "ready": False,
    }
    triton = pod_view(bodies.pod("aaa", triton=state)).triton

    assert triton is not None
    assert (triton.running, triton.exit_code, triton.exit_message) == (True, 1, "boom")
    assert triton.restarts == 2


def test_a_node_is_seen_with_taints_and_extended_resources() -> None:
    taints = [{"key": "gpu", "effect": "NoSchedule"}, {"key": "a", "value": "b", "effect": "X"}]
    view = node_view(stored(node("gpu-a", gpus=2, taints=taints, unschedulable=True)))

    assert view.taints == (Taint("gpu", "", "NoSchedule"), Taint("a", "b", "X"))
    assert view.unschedulable
    assert view.extended["nvidia.com/gpu"] == 2
