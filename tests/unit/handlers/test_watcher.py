"""Events keep the cache and wake whom they concern."""

import inspect
from typing import Any

import kopf
from kubernetes.aio.client import Configuration

from inference_operator.adapters.cache import Cache
from inference_operator.adapters.kinds import CHILD_BY_KIND, INFERENCE_MODEL, NODE
from inference_operator.adapters.kube import Resource
from inference_operator.domain.names import UnitKey
from inference_operator.handlers.registry import Watcher, register
from tests.fakes import bodies
from tests.fakes.bodies import KEY, imodel, node, stored

POD = CHILD_BY_KIND["Pod"]


class Heard:
    """A watcher, and what it told."""

    def __init__(self) -> None:
        self.cache = Cache()
        self.woken: list[UnitKey] = []
        self.relisted: list[Resource] = []
        self.watcher = Watcher(self.cache, self.woken.append, self.relisted.append)

    def event(self, resource: Resource, kind: str | None, body: dict[str, Any]) -> None:
        self.watcher.changed(resource, {"type": kind, "object": body})


def test_a_resource_wakes_itself() -> None:
    heard = Heard()
    heard.event(INFERENCE_MODEL, "ADDED", stored(imodel()))

    assert heard.woken == [KEY]
    assert heard.cache.get("InferenceModel", ("desk-7", "fx-drift")) is not None


def test_a_child_wakes_its_unit() -> None:
    heard = Heard()
    heard.event(POD, "MODIFIED", stored(bodies.pod("aaa")))

    assert heard.woken == [KEY]


def test_a_deleted_child_is_forgotten_and_wakes_its_unit() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa")))
    heard.event(POD, "DELETED", stored(bodies.pod("aaa"), resourceVersion="2"))

    assert list(heard.cache.children(KEY)) == []
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
    heard.event(POD, "ADDED", stored(bodies.pod("aaa")))
    heard.cache.put("Pod", stored(bodies.pod("aaa", ready=True), resourceVersion="7"))
    heard.event(POD, "MODIFIED", stored(bodies.pod("aaa", ready=True), resourceVersion="7"))

    assert heard.woken == [KEY]


def test_a_version_that_differs_in_nothing_of_interest_wakes_nobody() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa")))
    body = stored(bodies.pod("aaa"), resourceVersion="8", annotations={"team": "fx"})
    heard.event(POD, "MODIFIED", body)

    assert heard.woken == [KEY]


def test_what_was_listed_wakes_with_its_first_event() -> None:
    heard = Heard()
    heard.watcher.listed("Pod", stored(bodies.pod("aaa")))
    heard.event(POD, None, stored(bodies.pod("aaa")))

    assert heard.woken == [KEY]


def test_news_that_kopf_indexes_first_still_wake() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa")))
    news = stored(bodies.pod("aaa", ready=True), resourceVersion="9")
    heard.watcher.listed("Pod", news)
    heard.event(POD, "MODIFIED", news)

    assert heard.woken == [KEY, KEY]


def test_a_stranger_wakes_nobody() -> None:
    heard = Heard()
    body = stored(bodies.pod("aaa"))
    body["metadata"]["labels"] = {}
    heard.event(POD, "ADDED", body)

    assert heard.woken == []


def test_a_node_wakes_those_who_fall_back_to_the_cpu() -> None:
    heard = Heard()
    heard.watcher.listed("InferenceModel", stored(imodel("patient", accelerator={"count": 1})))
    falls_back = imodel("eager", accelerator={"whenUnavailable": "UseCPU"})
    heard.watcher.listed("InferenceModel", stored(falls_back))
    heard.watcher.listed("InferenceModel", stored(imodel("plain")))
    heard.event(NODE, "MODIFIED", stored(node("gpu-a", gpus=1)))

    assert [key.name for key in heard.woken] == ["eager"]


def test_a_listing_fills_the_cache_and_wakes_nobody() -> None:
    heard = Heard()
    heard.watcher.listed("Pod", stored(bodies.pod("aaa")))

    assert heard.woken == []
    assert len(list(heard.cache.children(KEY))) == 1


def test_what_kopf_holds_until_all_is_listed_shares_the_caches_memory() -> None:
    heard = Heard()
    body = stored({**bodies.pod("aaa"), "spec": {"containers": []}}, managedFields=[{}])
    uid = body["metadata"]["uid"]
    heard.watcher.listed("Pod", body)

    ((_, kept),) = heard.cache.children(KEY)
    assert body["spec"] == {}
    assert body["status"]["conditions"] is kept["status"]["conditions"]
    assert body["metadata"]["uid"] == uid
    assert "managedFields" not in body["metadata"]


def test_a_listing_leaves_the_cache_whole() -> None:
    heard = Heard()
    body = stored(imodel(replicas=3))
    heard.watcher.listed("InferenceModel", body)
    heard.event(INFERENCE_MODEL, None, body)

    known = heard.cache.get("InferenceModel", ("desk-7", "fx-drift"))
    assert known is not None
    assert known["spec"] == stored(imodel(replicas=3))["spec"]


def test_a_second_listing_asks_for_a_comparison() -> None:
    heard = Heard()
    heard.event(POD, None, stored(bodies.pod("aaa")))
    assert heard.relisted == []
    heard.event(POD, None, stored(bodies.pod("aaa")))

    assert heard.relisted == [POD]


def test_an_event_before_any_listing_is_no_second_listing() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa")))
    heard.event(POD, "MODIFIED", stored(bodies.pod("aaa"), resourceVersion="2"))

    assert heard.relisted == []


def test_the_first_event_tells_that_all_kinds_are_listed() -> None:
    heard = Heard()
    heard.watcher.listed("Pod", stored(bodies.pod("aaa")))
    assert not heard.watcher.listed_all.is_set()
    heard.event(POD, None, stored(bodies.pod("aaa")))

    assert heard.watcher.listed_all.is_set()


def test_an_unlabelled_resource_of_another_namespace_is_its_own_unit() -> None:
    heard = Heard()
    heard.event(INFERENCE_MODEL, "ADDED", stored(imodel(namespace="desk-9")))

    assert heard.woken == [UnitKey("InferenceModel", "desk-9", "fx-drift")]


def test_handlers_run_in_the_event_loop_never_in_kopfs_threads() -> None:
    registry = kopf.OperatorRegistry()
    register(registry, Heard().watcher, Configuration())

    handlers = [*registry._indexing.get_all_handlers(), *registry._watching.get_all_handlers()]
    assert handlers
    assert all(inspect.iscoroutinefunction(handler.fn) for handler in handlers)
