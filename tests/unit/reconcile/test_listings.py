"""Objects that a listing shows or leaves out, and the comparison after a second listing."""

from inference_operator.observation.kinds import ENSEMBLE_PIPELINE, INFERENCE_MODEL
from tests.fakes import bodies
from tests.fakes.bodies import KEY, epipe, imodel, stored
from tests.unit.reconcile.heard import POD, Heard


def test_a_listing_fills_the_cache_and_wakes_nobody() -> None:
    heard = Heard()
    heard.router.on_initial_list(POD, stored(bodies.pod("aaa")))

    assert (heard.woken, heard.urgent) == ([], [])
    assert len(list(heard.store.children(KEY))) == 1


def test_what_a_later_listing_does_not_show_is_forgotten_and_wakes_its_unit() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa", ready=True), resourceVersion="5"))
    heard.router.on_relist(POD, "", set(), 9)

    assert list(heard.store.children(KEY)) == []
    assert heard.woken == [KEY, KEY]


def test_what_was_written_after_a_listing_is_kept() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa"), resourceVersion="12"))
    heard.router.on_relist(POD, "", set(), 9)

    assert len(list(heard.store.children(KEY))) == 1


def test_a_listing_of_one_namespace_says_nothing_about_another() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa"), resourceVersion="5"))
    heard.router.on_relist(POD, "desk-9", set(), 9)

    assert len(list(heard.store.children(KEY))) == 1


def test_a_child_that_loses_its_label_and_gets_it_back_is_known_again() -> None:
    heard = Heard()
    heard.event(POD, "ADDED", stored(bodies.pod("aaa", ready=True), resourceVersion="5"))
    # A watch with a selector tells a lost label as a deletion, of an object that lives on.
    heard.event(POD, "DELETED", stored(bodies.pod("aaa", ready=True), resourceVersion="6"))
    heard.store.put("Pod", stored(bodies.pod("aaa", ready=True), resourceVersion="7"))

    assert len(list(heard.store.children(KEY))) == 1


def test_the_late_answer_to_a_write_does_not_bring_a_deleted_child_back() -> None:
    heard = Heard()
    heard.event(POD, "DELETED", stored(bodies.pod("aaa", ready=True), resourceVersion="6"))
    heard.store.put("Pod", stored(bodies.pod("aaa", ready=True), resourceVersion="5"))

    assert list(heard.store.children(KEY)) == []


def test_what_a_later_listing_shows_stays() -> None:
    heard = Heard()
    pod = stored(bodies.pod("aaa", ready=True), resourceVersion="5")
    heard.event(POD, "ADDED", pod)
    heard.router.on_relist(POD, "", {("desk-7", pod["metadata"]["name"])}, 9)

    assert heard.woken == [KEY]


def test_kopf_listing_a_known_resource_again_asks_for_a_comparison() -> None:
    heard = Heard()
    heard.on_custom_resource(None, stored(imodel()))
    assert heard.relisted == []
    heard.on_custom_resource(None, stored(imodel()))

    assert heard.relisted == [INFERENCE_MODEL]


def test_an_event_before_any_listing_is_no_second_listing() -> None:
    heard = Heard()
    heard.on_custom_resource("ADDED", stored(imodel()))
    heard.on_custom_resource("MODIFIED", stored(imodel(replicas=2), resourceVersion="2"))

    assert heard.relisted == []


def test_a_successor_is_listed_for_the_first_time() -> None:
    heard = Heard()
    heard.on_custom_resource("ADDED", stored(imodel()))
    heard.on_custom_resource("DELETED", stored(imodel(), resourceVersion="2"))
    heard.on_custom_resource(None, stored(imodel(), uid="another", resourceVersion="3"))

    assert heard.relisted == []


def test_each_kind_is_compared_when_kopf_lists_it_again() -> None:
    heard = Heard()
    for body in (imodel(), epipe()):
        for _ in range(2):
            heard.on_custom_resource(None, stored(body, uid=body["kind"]))

    assert heard.relisted == [INFERENCE_MODEL, ENSEMBLE_PIPELINE]
