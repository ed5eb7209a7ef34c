"""Events of objects that cannot be used, among those of others."""

from typing import Any

from inference_operator.domain.unreadable import stub
from inference_operator.observation.kinds import CHILD_BY_KIND
from tests.fakes.bodies import KEY, imodel, pod, stored
from tests.unit.reconcile.heard import POD, Heard

REASON = "found more than 64 levels of nesting, expected at most 64"


def unreadable(version: int) -> dict[str, Any]:
    return stub(stored(imodel(), resourceVersion=str(version)), REASON)


def test_a_stub_wakes_nobody_and_its_successor_does() -> None:
    heard = Heard()
    heard.on_custom_resource("ADDED", unreadable(1))
    heard.on_custom_resource("MODIFIED", unreadable(2))
    assert heard.urgent == []

    heard.on_custom_resource("MODIFIED", stored(imodel(), resourceVersion="3"))
    assert heard.urgent == [KEY]


def test_an_object_that_is_as_it_was_before_wakes_its_unit() -> None:
    heard = Heard()
    heard.on_custom_resource("ADDED", stored(imodel()))
    heard.on_custom_resource("MODIFIED", unreadable(2))
    heard.urgent.clear()
    heard.on_custom_resource("MODIFIED", stored(imodel(), resourceVersion="3"))

    assert heard.urgent == [KEY]


def test_its_deletion_wakes_its_unit() -> None:
    heard = Heard()
    heard.on_custom_resource("ADDED", stored(imodel()))
    heard.on_custom_resource("MODIFIED", unreadable(2))
    heard.urgent.clear()
    heard.on_custom_resource("DELETED", unreadable(3))

    assert heard.urgent == [KEY]
    assert heard.store.get(KEY.kind, (KEY.namespace, KEY.name)) is None
    assert not heard.store.is_unreadable(KEY)


def test_a_listing_that_shows_it_again_is_a_relist() -> None:
    heard = Heard()
    heard.on_custom_resource(None, unreadable(1))
    heard.on_custom_resource(None, unreadable(1))

    assert [resource.kind for resource in heard.relisted] == [KEY.kind]


def test_what_a_later_listing_shows_as_a_stub_is_not_missed() -> None:
    heard = Heard()
    heard.on_custom_resource("ADDED", stored(imodel()))
    record = {
        "kind": "ControllerRevision",
        "metadata": {"name": "fx-drift-aaa", "namespace": KEY.namespace},
    }
    resource = CHILD_BY_KIND["ControllerRevision"]
    heard.router.on_initial_list(resource, stored(record, uid="r"))
    heard.event(resource, "MODIFIED", stub(stored(record, uid="r", resourceVersion="4"), REASON))
    heard.router.on_relist(resource, "", {(KEY.namespace, "fx-drift-aaa")}, 9)

    assert heard.store.get("ControllerRevision", (KEY.namespace, "fx-drift-aaa")) is not None


def test_an_event_that_cannot_be_handled_at_all_keeps_no_other_back() -> None:
    heard = Heard()
    for body in ({}, {"metadata": None}, {"metadata": {"name": 7}}, {"metadata": {"uid": "u"}}):
        heard.event(POD, "ADDED", body)
        heard.event(POD, "DELETED", body)
        heard.router.on_initial_list(POD, body)
    heard.event(POD, "ADDED", stored(pod("aaa", ready=True)))

    assert heard.woken == [KEY]


def test_a_pod_with_a_status_that_nothing_writes_is_skipped() -> None:
    heard = Heard()
    body = stored(pod("aaa", ready=True))
    body["status"]["conditions"] = [{"no": "type"}]
    heard.event(POD, "ADDED", body)
    heard.event(POD, "ADDED", stored(pod("aaa", name="fx-drift-1", ready=True), uid="p"))

    assert heard.woken == [KEY]
