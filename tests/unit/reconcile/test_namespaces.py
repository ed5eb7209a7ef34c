"""Events of Namespaces concern the annotation that freezes rollouts, and nothing else."""

from typing import Any

from inference_operator.domain.freeze import FREEZE_ANNOTATION, LONGEST_REASON
from inference_operator.domain.names import UnitKey, unit_labels
from inference_operator.observation.kinds import NAMESPACE as RESOURCE
from inference_operator.observation.observe import observe
from tests.fakes.bodies import KEY, NAMESPACE, imodel, stored
from tests.unit.reconcile.heard import Heard

ELSEWHERE = UnitKey(KEY.kind, "desk-8", KEY.name)


def namespace(version: int, **metadata: Any) -> dict[str, Any]:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, **metadata}}
    return stored(body, uid="uid-of-space", resourceVersion=str(version))


def heard_of_two() -> Heard:
    heard = Heard()
    for key in (KEY, ELSEWHERE):
        body = imodel()
        body["metadata"]["namespace"] = key.namespace
        heard.store.put(KEY.kind, stored(body, uid=f"uid-in-{key.namespace}"))
    heard.event(RESOURCE, "ADDED", namespace(1))
    heard.woken.clear()
    heard.urgent.clear()
    return heard


def freeze(heard: Heard, key: UnitKey = KEY) -> str:
    seen = observe(heard.store, key)
    assert seen is not None
    return seen.inputs.freeze


def test_the_annotation_wakes_the_units_of_its_namespace() -> None:
    heard = heard_of_two()
    heard.event(RESOURCE, "MODIFIED", namespace(2, annotations={FREEZE_ANNOTATION: "audit"}))
    assert (heard.urgent, heard.woken) == ([KEY], [])
    assert "audit" in freeze(heard)
    assert freeze(heard, ELSEWHERE) == ""

    heard.event(RESOURCE, "MODIFIED", namespace(3))
    assert heard.urgent == [KEY, KEY]
    assert freeze(heard) == ""


def test_other_changes_of_a_namespace_wake_nobody() -> None:
    heard = heard_of_two()
    # Not even labels of ours.
    labels = unit_labels(KEY.kind, KEY.name)
    heard.event(RESOURCE, "MODIFIED", namespace(2, labels=labels, annotations={"team": "rates"}))
    assert heard.urgent == heard.woken == []
    assert heard.store.get("Namespace", ("", NAMESPACE)) == {
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "uid": "uid-of-space", "resourceVersion": "2"},
    }


def test_a_long_reason_freezes_and_takes_little_memory() -> None:
    heard = heard_of_two()
    long = {FREEZE_ANNOTATION: "x" * 100_000}
    heard.event(RESOURCE, "MODIFIED", namespace(2, annotations=long))
    body = heard.store.get("Namespace", ("", NAMESPACE))
    assert body is not None
    assert len(body["metadata"]["annotations"][FREEZE_ANNOTATION]) == LONGEST_REASON + 1
    assert freeze(heard).endswith("x…")


def test_the_last_annotation_counts_while_namespaces_may_not_be_listed() -> None:
    heard = heard_of_two()
    heard.event(RESOURCE, "MODIFIED", namespace(2, annotations={FREEZE_ANNOTATION: ""}))
    heard.urgent.clear()
    heard.router.refused(RESOURCE)
    assert freeze(heard)
    heard.router.granted(RESOURCE)
    assert set(heard.urgent) == {KEY}, "the first listing wakes nobody by itself"
