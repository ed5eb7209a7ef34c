"""Events keep the cache and wake whom they concern."""

import inspect
from typing import Any

import kopf
import pytest
from kubernetes.aio.client import Configuration

from inference_operator.domain.names import UnitKey
from inference_operator.observation.kinds import CHILD_BY_KIND, NODE, UNITS
from inference_operator.runtime.kopf_watch import register
from tests.fakes import bodies
from tests.fakes.bodies import KEY, PIPELINE, epipe, imodel, node, step, stored
from tests.unit.reconcile.heard import POD, Heard


def test_a_resource_wakes_itself_urgently() -> None:
    heard = Heard()
    heard.on_custom_resource("ADDED", stored(imodel()))

    assert heard.urgent == [KEY]
    assert heard.store.get("InferenceModel", ("desk-7", "fx-drift")) is not None


def test_a_child_wakes_its_unit() -> None:
    heard = Heard()
    heard.event(POD, "MODIFIED", stored(bodies.pod("aaa", ready=True)))

    assert heard.woken == [KEY]


def test_a_deleted_child_is_forgotten_and_wakes_its_unit() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa", ready=True)))
    heard.event(POD, "DELETED", stored(bodies.pod("aaa", ready=True), resourceVersion="2"))

    assert list(heard.store.children(KEY)) == []
    assert heard.woken == [KEY, KEY]


def test_a_child_that_loses_its_labels_still_wakes_its_unit() -> None:
    heard = Heard()
    owner = {"kind": "InferenceModel", "name": KEY.name, "uid": "u", "controller": True}
    service = {
        "kind": "Service",
        "metadata": {"name": "fx-drift", "namespace": "desk-7", "ownerReferences": [owner]},
    }
    heard.event(CHILD_BY_KIND["Service"], "MODIFIED", stored(service))

    assert heard.woken == [KEY]


def test_the_echo_of_an_own_write_wakes_nobody() -> None:
    heard = Heard()
    heard.store.put("Pod", stored(bodies.pod("aaa", ready=True), resourceVersion="7"))
    heard.event(POD, "MODIFIED", stored(bodies.pod("aaa", ready=True), resourceVersion="7"))

    assert heard.woken == []


def test_a_pod_of_which_nothing_is_known_yet_wakes_nobody() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa")))
    assert heard.woken == []
    heard.event(POD, "MODIFIED", stored(bodies.pod("aaa", ready=True), resourceVersion="7"))

    assert heard.woken == [KEY]


def test_a_pod_that_no_node_takes_wakes_its_unit() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa", unschedulable="0/3 nodes")))

    assert heard.woken == [KEY]


def test_a_version_that_differs_in_nothing_of_interest_wakes_nobody() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa", ready=True)))
    body = stored(bodies.pod("aaa", ready=True), resourceVersion="8", annotations={"team": "fx"})
    heard.event(POD, "MODIFIED", body)

    assert heard.woken == [KEY]


def test_a_stranger_wakes_nobody() -> None:
    heard = Heard()
    body = stored(bodies.pod("aaa"))
    body["metadata"]["labels"] = {}
    heard.event(POD, "ADDED", body)

    assert heard.woken == []


def test_a_node_wakes_those_who_fall_back_to_the_cpu() -> None:
    heard = Heard()
    heard.on_custom_resource(None, stored(imodel("patient", accelerator={"count": 1})))
    falls_back = imodel("eager", accelerator={"whenUnavailable": "UseCPU"})
    heard.on_custom_resource(None, stored(falls_back))
    heard.on_custom_resource(None, stored(imodel("plain")))
    heard.event(NODE, "MODIFIED", stored(node("gpu-a", gpus=1)))

    assert [key.name for key in heard.woken] == ["eager"]


def test_an_unlabelled_resource_of_another_namespace_is_its_own_unit() -> None:
    heard = Heard()
    heard.on_custom_resource("ADDED", stored(imodel(namespace="desk-9")))

    assert heard.urgent == [UnitKey("InferenceModel", "desk-9", "fx-drift")]


def test_both_kinds_wake_themselves_urgently() -> None:
    heard = Heard()
    heard.on_custom_resource("ADDED", stored(epipe(steps=[step(refers_to="elsewhere")])))

    assert heard.urgent == [PIPELINE]


def test_a_child_of_a_pipeline_wakes_it() -> None:
    heard = Heard()
    owner = {"kind": "EnsemblePipeline", "name": PIPELINE.name, "uid": "u", "controller": True}
    record = {
        "kind": "ControllerRevision",
        "metadata": {"name": "fx-signal-1", "namespace": "desk-7", "ownerReferences": [owner]},
    }
    heard.event(CHILD_BY_KIND["ControllerRevision"], "ADDED", stored(record))

    assert heard.woken == [PIPELINE]


def test_a_node_wakes_pipelines_that_fall_back_to_the_cpu() -> None:
    heard = Heard()
    heard.on_custom_resource(None, stored(epipe(accelerator={"whenUnavailable": "UseCPU"})))
    heard.event(NODE, "MODIFIED", stored(node("gpu-a", gpus=1)))

    assert heard.woken == [PIPELINE]


@pytest.mark.parametrize("spec", [None, "all", [], {"accelerator": "gpu"}])
def test_a_node_is_news_whatever_somebody_wrote_into_a_spec(spec: object) -> None:
    heard = Heard()
    heard.on_custom_resource(None, {**stored(epipe()), "spec": spec})
    heard.event(NODE, "MODIFIED", stored(node("gpu-a", gpus=1)))

    assert heard.woken == []


def test_a_change_of_a_model_wakes_the_pipelines_that_refer_to_it() -> None:
    heard = Heard()
    heard.on_custom_resource(None, stored(epipe()))
    heard.on_custom_resource("ADDED", stored(imodel()))
    heard.on_custom_resource("DELETED", stored(imodel(), resourceVersion="2"))

    assert heard.woken == [PIPELINE, PIPELINE]


def service(name: str, version: int, kind: str = "") -> dict[str, Any]:
    owners = [{"kind": kind, "name": name, "uid": "u", "controller": True}] if kind else []
    body = {
        "kind": "Service",
        "metadata": {"name": name, "namespace": "desk-7", "ownerReferences": owners},
    }
    return stored(body, resourceVersion=str(version), uid=f"uid-{version}")


def test_the_end_of_a_namesakes_service_wakes_who_waits_for_the_name() -> None:
    heard = Heard()
    waiting = UnitKey("EnsemblePipeline", "desk-7", KEY.name)
    heard.on_custom_resource(None, stored(epipe(KEY.name)))
    taken = service(KEY.name, 5, "InferenceModel")
    heard.event(CHILD_BY_KIND["Service"], "ADDED", taken)
    heard.event(CHILD_BY_KIND["Service"], "DELETED", service(KEY.name, 5, "InferenceModel"))

    assert heard.woken == [KEY, waiting, KEY, waiting]


def test_a_strangers_service_wakes_both_who_have_its_name() -> None:
    heard = Heard()
    heard.on_custom_resource(None, stored(imodel("fx")))
    heard.on_custom_resource(None, stored(epipe("fx", steps=[step(refers_to="elsewhere")])))
    heard.woken.clear()
    heard.event(CHILD_BY_KIND["Service"], "ADDED", service("fx", 5))

    assert [key.kind for key in heard.woken] == ["InferenceModel", "EnsemblePipeline"]


def test_handlers_run_in_the_event_loop_never_in_kopfs_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handlers: dict[str, Any] = {}

    def event(group: str, version: str, plural: str, **_: Any) -> Any:
        return lambda handler: handlers.setdefault(plural, handler)

    monkeypatch.setattr(kopf.on, "event", event)
    register(kopf.OperatorRegistry(), Heard().router, Configuration(), kopf.OperatorSettings())

    assert list(handlers) == [unit.plural for unit in UNITS]
    assert all(inspect.iscoroutinefunction(handler) for handler in handlers.values())


def test_units_that_nodes_matter_to_are_woken_when_nodes_become_known_or_unknown() -> None:
    heard = Heard()
    falls_back = {"accelerator": {"whenUnavailable": "UseCPU"}}
    heard.store.put("InferenceModel", stored(imodel(**falls_back)))
    heard.store.put("Node", stored(node("a", gpus=1)))
    heard.router.refused(NODE)
    assert heard.woken == [KEY]
    assert heard.store.nodes() is None
    heard.router.granted(NODE)
    assert heard.woken == [KEY, KEY]
    assert len(heard.store.nodes() or ()) == 1
