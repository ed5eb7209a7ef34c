"""The second wall: an action that is not for a child of the unit is never sent."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from inference_operator.adapters.kubernetes.apply import Executor
from inference_operator.adapters.kubernetes.objections import ObjectionError, object_to
from inference_operator.domain.names import ChildKey
from inference_operator.observation.store import Store
from inference_operator.planning.plan import Action, Apply, Create, Delete, Plan
from inference_operator.planning.planner import plan
from tests.fakes.bodies import KEY, spec
from tests.fakes.cluster import FakeCluster
from tests.unit.planning.seen import DEFAULTS, NOON, observed

Body = dict[str, Any]


def planned() -> Plan:
    return plan(observed(body=spec(replicas=2)), DEFAULTS, NOON)


def edited(action: Action, edit: Callable[[Body], object]) -> Action:
    assert not isinstance(action, Delete)
    manifest = copy.deepcopy(dict(action.manifest))
    edit(manifest)
    return replace(action, manifest=manifest)


def test_what_is_planned_is_for_the_unit() -> None:
    for action in planned().actions:
        object_to(KEY, action)


EDITS: dict[str, tuple[Callable[[Body], object], str]] = {
    "another namespace": (
        lambda b: b["metadata"].update(namespace="kube-system"),
        "metadata.namespace: found 'kube-system', expected desk-7",
    ),
    "no namespace": (
        lambda b: b["metadata"].pop("namespace"),
        "metadata.namespace: found nothing, expected desk-7",
    ),
    "another unit's name": (
        lambda b: b["metadata"].update(name="till-aaa"),
        "metadata.name: found 'till-aaa', expected fx-drift or fx-drift-REVISION",
    ),
    "another group": (
        lambda b: b.update(apiVersion="x.example/v1"),
        "apiVersion: found 'x.example/v1', expected ",
    ),
    "another owner": (
        lambda b: b["metadata"]["ownerReferences"][0].update(name="till"),
        "metadata.ownerReferences: found 'InferenceModel till', expected InferenceModel fx-drift",
    ),
    "no owner": (
        lambda b: b["metadata"].update(ownerReferences=[]),
        "metadata.ownerReferences: found '0 owners', expected InferenceModel fx-drift",
    ),
    "another kind": (
        lambda b: b.update(kind="Secret"),
        "kind: found 'Secret', expected one of ConfigMap, ControllerRevision, ",
    ),
    "a pod": (lambda b: b.update(kind="Pod"), "kind: found 'Pod', expected one of ConfigMap, "),
}


@pytest.mark.parametrize(("edit", "sentence"), EDITS.values(), ids=EDITS)
def test_an_action_is_objected_to_that_is_for(
    edit: Callable[[Body], object], sentence: str
) -> None:
    for action in planned().actions:
        with pytest.raises(ObjectionError) as raised:
            object_to(KEY, edited(action, edit))
        assert str(raised.value).startswith(sentence)


def test_an_action_whose_manifest_differs_from_its_key_is_objected_to() -> None:
    class Forged(Apply):
        @property
        def key(self) -> ChildKey:
            return ChildKey("ConfigMap", f"{KEY.name}-aaa")

    (service,) = (a for a in planned().actions if a.key.kind == "Service")
    assert isinstance(service, Apply)
    with pytest.raises(ObjectionError, match="found"):
        object_to(KEY, Forged(service.manifest, owned=True))


def test_a_deletion_of_a_kind_that_is_not_ours_is_objected_to() -> None:
    with pytest.raises(ObjectionError, match="kind: found 'Secret'"):
        object_to(KEY, Delete(ChildKey("Secret", "x"), "uid", "no longer wanted"))
    object_to(KEY, Delete(ChildKey("ConfigMap", "x"), "uid", "no longer wanted"))


@pytest.mark.parametrize("kind", ["ControllerRevision", "ConfigMap", "Deployment", "Service"])
async def test_it_is_never_sent_and_is_reported(kind: str) -> None:
    cluster = FakeCluster()
    done = planned()

    def astray(body: Body) -> None:
        body["metadata"]["namespace"] = "kube-system"

    actions = tuple(edited(a, astray) if a.key.kind == kind else a for a in done.actions)
    outcome = await Executor(cluster, Store()).execute(replace(done, actions=actions))

    assert kind not in {request.kind for request in cluster.requests}
    (sentence,) = outcome.refused
    assert f"{kind}/fx-drift" in sentence
    assert "is not sent: metadata.namespace: found 'kube-system', expected desk-7" in sentence
    if kind in ("ControllerRevision", "ConfigMap"):
        assert "Deployment" not in {request.kind for request in cluster.requests}


def test_both_kinds_of_writes_are_checked() -> None:
    assert {type(action) for action in planned().actions} == {Apply, Create}
